#include <gnutls/crypto.h>

#include "authd/edge/mutual.h"

/*
 * GNUTLS_CERT_REQUEST: with GNUTLS_CERT_REQUIRE a client without a certificate would be cut off
 * before ${verify}, without an alert. It is refused there.
 */
void mutual_demand(gnutls_session_t session, gnutls_certificate_verify_function *verify) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    gnutls_session_set_verify_function(session, verify);
    gnutls_handshake_set_max_packet_length(session, MUTUAL_HANDSHAKE_MAX);
}

enum err mutual_identify(gnutls_session_t session, const struct registered *registered,
                         int64_t wall_ms, struct mutual *mutual) {
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    *mutual = (struct mutual){0};
    if (chain == NULL || count == 0)
        return ERR_MALFORMED;
    if (count > MUTUAL_CHAIN_MAX)
        return ERR_TOO_LARGE;
    if (gnutls_protocol_get_version(session) != GNUTLS_TLS1_3 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, chain->data, chain->size, mutual->thumbprint) !=
            GNUTLS_E_SUCCESS)
        return ERR_CRYPTO;
    ERR_TRY(registered_check(registered, mutual->thumbprint, wall_ms));
    mutual->proven = true;
    return ERR_OK;
}

void mutual_refuse(gnutls_session_t session, enum err reason, struct mutual *mutual) {
    mutual->refused = true;
    (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                            reason == ERR_MALFORMED ? GNUTLS_A_CERTIFICATE_REQUIRED
                                                    : GNUTLS_A_CERTIFICATE_UNKNOWN);
}
