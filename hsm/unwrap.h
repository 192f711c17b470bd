#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "firmware/base/secret.h"
#include "hsm/wire.h"

/*
 * RSA-OAEP with SHA-256 and MGF1-SHA-256: raw RSA in the token, or in OpenSSL for a key outside it
 * (hsm/custody.h), the padding checked by OpenSSL, in constant time. ${label} (RFC 8017 §7.1) keeps
 * apart what one key opens for two uses; MOSIP's own is "".
 */
#define UNWRAP_SECRET_BYTES 32

#define UNWRAP_LABEL_REQUEST ""
#define UNWRAP_LABEL_PEPPER  "idcs pepper"
#define UNWRAP_LABEL_ROOT    "idcs record root"
#define UNWRAP_LABEL_CUSTODY "idcs custody" /* of a key outside the token (hsm/custody.h) */

/* The keys of one purpose, newest first. */
struct unwrap_ring;
/* ${label}: one of the above, for the life of the ring. ERR_SYSTEM. */
MUST_CHECK enum err unwrap_new(struct unwrap_ring **ring, const char *label);
void unwrap_free(struct unwrap_ring *ring); /* NULL is allowed */
/* Frees a ring where the scope of its variable ends: UNWRAP_CLEANUP struct unwrap_ring *ring =
 * NULL; */
void unwrap_cleanup(struct unwrap_ring **ring);
#define UNWRAP_CLEANUP __attribute__((cleanup(unwrap_cleanup)))

/* The ring keeps a reference of its own to ${key}. ERR_FULL, ERR_CRYPTO (not RSA-2048). */
MUST_CHECK enum err unwrap_add(struct unwrap_ring *ring, EVP_PKEY *key, struct bytes certificate,
                               uint16_t generation);

/*
 * Opens 32 bytes into ${opened}. ${thumbprint} is SHA-256 of the DER certificate; NULL: all keys
 * are tried, newest first. ${uses} grows by the operations of the token, also of a failed one.
 * ERR_NOT_FOUND: no such key. ERR_CRYPTO: not wrapped for it, which is a normal answer.
 * ERR_HSM: the module failed, and the process must end.
 */
MUST_CHECK enum err unwrap_open(struct unwrap_ring *ring, const uint8_t *thumbprint,
                                const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                                struct secret *opened, uint64_t *uses);
/* The generation of the key that opened the last time; 0: none did. */
uint16_t unwrap_opened_by(const struct unwrap_ring *ring);

/* The other direction, which needs no token: wraps ${secret} to a certificate. ERR_CRYPTO. */
MUST_CHECK enum err unwrap_seal(struct bytes certificate, const char *label,
                                const struct secret *secret,
                                uint8_t wrapped[static HSM_WRAPPED_BYTES]);
