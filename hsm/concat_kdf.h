#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Concat KDF of RFC 7518 §4.6.2 for direct key agreement (NIST SP 800-56A §5.8.1, one step), by
 * OpenSSL: SHA-256 over the shared secret and AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo (the
 * key's length in bits). Any thread may call it. ${shared} and ${key} are the caller's to keep and
 * to wipe. ERR_CRYPTO; ERR_TOO_LARGE: a party over CONCAT_KDF_PARTY_MAX bytes, an algorithm or a
 * key over its bound. After an error ${key} is not to be used.
 */
#define CONCAT_KDF_SHARED_BYTES  32 /* the x-coordinate of a point of P-256 */
#define CONCAT_KDF_PARTY_MAX     64
#define CONCAT_KDF_ALGORITHM_MAX 32
#define CONCAT_KDF_KEY_MAX       64

struct concat_kdf {
    const char *algorithm; /* the value of "enc", as the key is used directly */
    struct bytes party_u, party_v;
};

MUST_CHECK enum err concat_kdf_derive(const struct concat_kdf *kdf,
                                      const uint8_t shared[static CONCAT_KDF_SHARED_BYTES],
                                      uint8_t *key, size_t key_len);

/* The one that this product speaks: A256GCM, 32 bytes. */
MUST_CHECK enum err concat_kdf_a256gcm(const uint8_t shared[static CONCAT_KDF_SHARED_BYTES],
                                       struct bytes party_u, struct bytes party_v,
                                       uint8_t key[static 32]);
