#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"

/*
 * Names and public forms of a key: JWK (RFC 7517), its thumbprint (RFC 7638), and MOSIP's kid. All
 * JSON here is made of fixed words, base64 and hex, so that nothing needs escaping.
 */
#define JWK_SIGN_REFERENCE "IDA_SIGN" /* MOSIP's name of the key that signs responses */
#define JWK_KID_SIZE       44         /* 32 bytes as base64url, and the final zero */

/*
 * MOSIP's rule: b64u(SHA-256(SHA-1("IDA_SIGN_01-15-2024"))): reference and date of generation. From
 * the second key on its generation follows the date ("IDA_SIGN_01-15-2024_2"), as two keys may be
 * made on one day: to whoever reads it a kid is 43 characters of base64url in any case. ERR_CRYPTO.
 */
MUST_CHECK enum err jwk_mosip_kid(const char *reference, int64_t generated_ms, uint16_t generation,
                                  char kid[static JWK_KID_SIZE]);
/* RFC 7638 thumbprint of a P-256 key, and the same as base64url. ERR_CRYPTO: another kind of key.
 */
#define JWK_THUMBPRINT_BYTES 32
MUST_CHECK enum err jwk_ec_thumbprint(struct bytes certificate,
                                      uint8_t thumbprint[static JWK_THUMBPRINT_BYTES]);
MUST_CHECK enum err jwk_ec_kid(struct bytes certificate, char kid[static JWK_KID_SIZE]);
/* b64u(SHA-256(DER)), the member x5t#S256 (RFC 7515 §4.1.8). ERR_CRYPTO. */
MUST_CHECK enum err jwk_certificate_thumbprint(struct bytes certificate,
                                               char thumbprint[static JWK_KID_SIZE]);

/* What a P-256 key is published for: ES256 signatures, or ECDH-ES of what is sent to the box. */
enum jwk_use { JWK_SIGNATURE, JWK_ENCRYPTION };

/* Appends one member of a JWKS: a key with its certificate. ERR_CRYPTO: another kind of key;
 * ERR_FULL. */
MUST_CHECK enum err jwk_put_rsa(struct buffer *target, struct bytes certificate, const char *kid);
MUST_CHECK enum err jwk_put_ec(struct buffer *target, enum jwk_use use, struct bytes certificate,
                               const char *kid);
