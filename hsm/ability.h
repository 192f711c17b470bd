#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "hsm/keyring.h"
#include "hsm/token_raw.h"
#include "hsm/wire.h"

/*
 * What the token's module is able to do: modules differ in their mechanisms, so they are asked, and
 * a purpose is left out when a box can do without it.
 */

/* The kind of key of a purpose: of the pepper, which is none itself, that of the KEK. */
enum token_raw_kind ability_kind(enum hsm_purpose purpose);

/*
 * The purposes, as HSM_PURPOSE_BITs, whose keys can be made and used: by ${raw}, but for those of
 * ${outside}, which need no token (keyring_custody_wrapped). What is left out is logged, with the
 * mechanism that is missing. ERR_HSM.
 */
MUST_CHECK enum err ability_probe(struct token_raw *raw, uint32_t outside, uint32_t *purposes);

/* ${complete}: each of ${purposes} has had a key, no first one is left to make. ERR_CORRUPT. */
MUST_CHECK enum err ability_complete(struct keyring *keyring, uint32_t purposes, bool *complete);
