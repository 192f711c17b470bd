#pragma once

#include <jansson.h>
#include <openssl/evp.h>

#include "authd/unseal/certificate.h"
#include "tests/unit/unsealed_sample.h"

/* Keys of vectors, put into certificates: that is how the appliance gets to know a key. */
#define POINT_BYTES 65

/* The RSA public key of a JWK; NULL when it is none. */
EVP_PKEY *wycheproof_rsa_key(const json_t *jwk);
/* The P-256 private key of a JWK that has only d; with its public point. */
EVP_PKEY *wycheproof_p256_private(struct bytes scalar);

/* Certifies ${key} by an authority and has it read as at registration. False: it is refused. */
bool wycheproof_register(EVP_PKEY *key, struct sample_holder *holder,
                         struct unseal_certificate_read *read);
/* The same for a point that OpenSSL would not make a key of. Gives the point as it is registered.
 */
bool wycheproof_register_point(const uint8_t x[static 32], const uint8_t y[static 32],
                               uint8_t point[static POINT_BYTES]);
void wycheproof_forget_authority(void);
