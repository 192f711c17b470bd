#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/jose_client.h"

/*
 * The programmes' registered P-256 keys as OpenSSL knows them, made once and kept by kid, which is
 * the hash of the key. One cache a thread.
 */
struct p256_cache;
MUST_CHECK enum err p256_cache_new(struct p256_cache **cache);
void p256_cache_free(struct p256_cache *cache);

#define P256_SIGNATURE_BYTES 64 /* r ‖ s (RFC 7518 §3.4) */

/* *valid is true only when the ES256 signature over ${text} verifies. ERR_CRYPTO: the registered
 * point is none. */
MUST_CHECK enum err p256_verify(struct p256_cache *cache, const struct jose_client_key *key,
                                struct bytes text,
                                const uint8_t signature[static P256_SIGNATURE_BYTES], bool *valid);

/* The public key; it stays the cache's. ERR_CRYPTO. */
MUST_CHECK enum err p256_public(struct p256_cache *cache, const struct jose_client_key *key,
                                EVP_PKEY **public);
/* A fresh pair, the caller's. ERR_CRYPTO. */
MUST_CHECK enum err p256_ephemeral(struct p256_cache *cache, EVP_PKEY **pair);
