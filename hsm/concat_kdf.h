#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Concat KDF of RFC 7518 §4.6.2 for direct key agreement with A256GCM, by OpenSSL: SHA-256 over the
 * shared secret and AlgorithmID "A256GCM", PartyUInfo, PartyVInfo, SuppPubInfo 256. ERR_CRYPTO,
 * ERR_TOO_LARGE (a party over 64 bytes).
 */
MUST_CHECK enum err concat_kdf_a256gcm(const uint8_t shared[static 32], struct bytes party_u,
                                       struct bytes party_v, uint8_t key[static 32]);
