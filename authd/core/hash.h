#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* SHA-256 with an algorithm that is fetched once: a fetch costs as much as a small hash. */
#define HASH_SHA256_BYTES 32

/* Any thread. ERR_CRYPTO; ${hash} is then zero. */
MUST_CHECK enum err hash_sha256(struct bytes data, uint8_t hash[static HASH_SHA256_BYTES]);
