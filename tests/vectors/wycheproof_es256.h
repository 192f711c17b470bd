#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"

/* Core's verifier of ES256, with the registered point. */
bool wycheproof_es256_verify(const uint8_t point[static 65], struct bytes text,
                             const uint8_t signature[static 64]);
