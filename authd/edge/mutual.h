#pragma once

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "authd/edge/registered.h"

/*
 * The client's half of TLS at the JOSE address. Libmicrohttpd only asks for a certificate; whether
 * the handshake may end well is decided here, inside it: the leaf must be registered as it is.
 * Issuers don't count, so no chain is built and nothing of it is parsed, but for the leaf's key,
 * with which GnuTLS verifies that the client has the other half.
 */
struct mutual {
    bool refused; /* the client has been told by an alert */
    bool proven;  /* ${thumbprint} is that of a certificate whose key the client has */
    uint8_t thumbprint[EDGE_THUMBPRINT_BYTES];
};

/* All messages of a handshake together: GnuTLS keeps them until it ends. */
#define MUTUAL_HANDSHAKE_MAX 32768
#define MUTUAL_CHAIN_MAX     8 /* certificates, the leaf included */

/*
 * Before the handshake: demands a certificate, and that ${verify} accepts it. In TLS 1.3 GnuTLS
 * calls it when the client has proved the leaf's key, also when there is none.
 */
void mutual_demand(gnutls_session_t session, gnutls_certificate_verify_function *verify);

/*
 * For ${verify}: whom the client has shown to be. ERR_MALFORMED: it has no certificate.
 * ERR_TOO_LARGE: more than MUTUAL_CHAIN_MAX. ERR_CRYPTO. Else as registered_check.
 */
MUST_CHECK enum err mutual_identify(gnutls_session_t session, const struct registered *registered,
                                    int64_t wall_ms, struct mutual *mutual);
/* Tells the client that it is refused for ${reason}; but for no certificate, all look the same. */
void mutual_refuse(gnutls_session_t session, enum err reason, struct mutual *mutual);
