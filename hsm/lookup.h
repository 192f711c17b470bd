#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "hsm/wire.h"

/*
 * The lookup keys of a person: BLAKE2b-256 of MOSIP's id hash, keyed with a pepper and personal to
 * this use. An IDCS is guessable, so that what the store is indexed by must not be computable
 * without a pepper, which never leaves the signer.
 */
struct lookup_peppers {
    size_t count;
    struct {
        uint16_t generation;
        struct secret pepper;
    } of[HSM_PEPPERS_MAX]; /* in the order of struct hsm_lookup_keys */
};

/*
 * Takes ${pepper} over, which is {0} then. ERR_FULL; ERR_CRYPTO: too short to be one; ERR_CORRUPT:
 * no generation, or one that is there already.
 */
MUST_CHECK enum err lookup_add(struct lookup_peppers *peppers, uint16_t generation,
                               struct secret *pepper);
/* Wipes them; twice is allowed. */
void lookup_forget(struct lookup_peppers *peppers);

/* A key under each pepper. ERR_CRYPTO: there is none. */
MUST_CHECK enum err lookup_keys(const struct lookup_peppers *peppers,
                                const uint8_t id_hash[static HSM_ID_HASH_BYTES],
                                struct hsm_lookup_keys *keys);
