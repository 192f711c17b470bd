#pragma once

#include <openssl/evp.h>

#include "hsm/keyring.h"

/* Requests for certificates of the TLS keys in the token (RFC 2986). */

/*
 * Gives the row of the TLS key of *${generation}; for 0 of the one that needs a certificate next,
 * whose generation is then in it: the standby, if there is one and the active key has a chain that
 * officers brought; else the active one. ERR_NOT_FOUND: there is none, or the one that was asked
 * for is not, and will not be, shown in new handshakes.
 */
MUST_CHECK enum err tls_request_choose(struct keyring *keyring, uint16_t *generation,
                                       struct keyring_row *row);

/*
 * Appends the DER of a request for ${key}, signed by it, with ${names} (hsm/tls_names.h) as
 * subjectAltName and the first host name as CN. ERR_CONFIG: odd names; ERR_HSM; ERR_CRYPTO;
 * ERR_FULL.
 */
MUST_CHECK enum err tls_request_make(EVP_PKEY *key, const char *names, struct buffer *der);
