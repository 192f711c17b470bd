#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/jwk.h"

/*
 * Signing with keys of the token. Each holds its contexts ready, so that a signature costs little
 * more than the operation of the token. A key of the token fails only when its module does: then
 * ERR_HSM, and the process must end.
 */

/* RS256, for response bodies: detached compact JWS (RFC 7515 Appendix F, RFC 7797 not used). */
struct sign_rs256;
/*
 * Keeps a reference of its own to ${key} and copies of the rest. ${kid} has no character that JSON
 * escapes. ERR_CRYPTO: not RSA; ERR_SYSTEM.
 */
MUST_CHECK enum err sign_rs256_new(struct sign_rs256 **signing, EVP_PKEY *key,
                                   struct bytes certificate, const char kid[static JWK_KID_SIZE]);
void sign_rs256_free(struct sign_rs256 *signing);
const char *sign_rs256_kid(const struct sign_rs256 *signing);
/*
 * Appends header ".." signature; the signing input is header "." b64u(${payload}). Header members:
 * alg, x5c (one certificate), x5t#S256, kid. ERR_HSM; ERR_FULL: no room in ${signature}, or a
 * ${payload} over STATEMENT_BODY_MAX.
 */
MUST_CHECK enum err sign_rs256_detached(struct sign_rs256 *signing, struct bytes payload,
                                        struct buffer *signature);

/* ES256, for checkpoints and results. */
#define SIGN_ES256_BYTES 64
struct sign_es256;
/* Keeps a reference of its own to ${key}. ERR_CRYPTO: not P-256; ERR_SYSTEM. */
MUST_CHECK enum err sign_es256_new(struct sign_es256 **signing, EVP_PKEY *key,
                                   struct bytes certificate);
void sign_es256_free(struct sign_es256 *signing);
const char *sign_es256_kid(const struct sign_es256 *signing); /* RFC 7638 thumbprint */
/* Signs ${text}; the signature is in its JWS form, r ‖ s (RFC 7518 §3.4). ERR_HSM. */
MUST_CHECK enum err sign_es256_raw(struct sign_es256 *signing, struct bytes text,
                                   uint8_t signature[static SIGN_ES256_BYTES]);
/*
 * Appends a compact JWS (RFC 7515 §7.1) over ${claims}, with the header {alg, kid, typ}. ${typ}
 * needs no escaping in JSON. ERR_HSM; ERR_FULL, before anything is signed.
 */
MUST_CHECK enum err sign_es256_compact(struct sign_es256 *signing, const char *typ,
                                       struct bytes claims, struct buffer *jws);
