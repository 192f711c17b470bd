#pragma once

#include <gnutls/gnutls.h>

#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/*
 * The machine's own key and certificate towards its clients, and the key of session tickets. The
 * key is in a file, or in the token: then neither is here (authd/edge/chains.h).
 */
struct tls {
    bool in_token;
    struct secret key;         /* PEM, a C string */
    struct secret certificate; /* PEM chain, a C string; not secret, but read the same way */
    struct secret ticket_key;
};

/*
 * GnuTLS's priority strings: AEAD with forward secrecy only, our order decides. At the MOSIP
 * address TLS 1.3 and 1.2; at the JOSE address TLS 1.3 without tickets, so that each connection
 * proves its key.
 */
extern const char tls_priorities[], tls_priorities_mutual[];

/*
 * Reads both files, before confinement, into the secret arena; without paths the key is in the
 * token. ERR_CONFIG, and in ${problem} what
 * to do: one path without the other, a file that others may read or its group may write, a key that
 * is neither P-256 nor RSA of at least 2048 bits, or that isn't the certificate's.
 */
MUST_CHECK enum err tls_load(struct tls *tls, const char *key_path, const char *certificate_path,
                             struct conf_problem *problem);
/* Wipes the key and the certificate once libmicrohttpd has made its own of them. */
void tls_forget_key(struct tls *tls);
void tls_close(struct tls *tls);

/*
 * Lets ${session} give and take tickets, TLS 1.2 and 1.3. GnuTLS derives from the one key of the
 * process others that change with time. Before the handshake.
 */
MUST_CHECK enum err tls_enable_tickets(const struct tls *tls, gnutls_session_t session);
