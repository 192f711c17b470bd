#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"

/*
 * What MOSIP's clients and capture devices do with RSA certificates (reference §2). The texts are
 * base64url without padding; the caller frees them; NULL: it failed.
 */
#define MOSIP_SEALING_KEY_BYTES 32

char *mosip_sealing_base64url(struct bytes view);
/* The content key for the holder of ${certificate}: RSA-OAEP with SHA-256. */
char *mosip_sealing_wrap(X509 *certificate, const uint8_t key[static MOSIP_SEALING_KEY_BYTES]);
/* SHA-256 of the certificate. */
char *mosip_sealing_thumbprint(X509 *certificate);
/* A compact JWS (RS256, x5c) over ${payload}; detached: without it. */
char *mosip_sealing_sign(EVP_PKEY *key, X509 *certificate, struct bytes payload, bool detached);
