#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "firmware/base/secret.h"
#include "hsm/wire.h"

/*
 * ECDH-ES (RFC 7518 §4.6, direct agreement, P-256, A256GCM): the token multiplies, or OpenSSL for a
 * key outside it (hsm/custody.h); OpenSSL checks the point before and derives the content key
 * afterwards. The shared secret is in secret memory only, as far as it is ours.
 */

/* The keys of one purpose; several live at once. */
struct agree_ring;
/* ERR_SYSTEM. */
MUST_CHECK enum err agree_new(struct agree_ring **ring);
void agree_free(struct agree_ring *ring); /* NULL is allowed */
/* The ring keeps a reference of its own to ${key}. ERR_FULL, ERR_CRYPTO (not P-256). */
MUST_CHECK enum err agree_add(struct agree_ring *ring, EVP_PKEY *key, struct bytes certificate,
                              uint16_t generation);
/* The generation of the key with this kid; 0: there is none. */
uint16_t agree_generation(struct agree_ring *ring, const uint8_t kid[static HSM_THUMBPRINT_BYTES]);

/*
 * Derives ${content_key}, HSM_CONTENT_KEY_BYTES. ${uses} grows by the operations of the token.
 * ERR_NOT_FOUND: no key has this kid. ERR_CRYPTO: x and y are no point of P-256, which is a normal
 * answer: such a point never reaches the token. ERR_HSM: the module failed, and the process must
 * end.
 */
MUST_CHECK enum err agree_derive(struct agree_ring *ring, const struct hsm_derive *question,
                                 struct secret *content_key, uint64_t *uses);
