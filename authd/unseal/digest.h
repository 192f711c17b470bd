#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* SHA-256 with one fetched algorithm and one context, as every request needs it. One thread. */
#define DIGEST_BYTES     32
#define DIGEST_HEX_CHARS 64

/* Fetches the algorithm: before confinement. Twice is allowed. ERR_CRYPTO. */
MUST_CHECK enum err digest_open(void);
void digest_close(void);

/* ERR_CRYPTO; ${hash} is then zero. */
MUST_CHECK enum err digest_sha256(struct bytes data, uint8_t hash[static DIGEST_BYTES]);
