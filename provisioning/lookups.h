#pragma once

#include "hsm/wire.h"
#include "authd/store/registry_pepper.h"
#include "provisioning/change.h"

/* Lookup keys, from whichever signer answers. */

/*
 * Of up to HSM_LOOKUP_BATCH_MAX id hashes, asked once. Refuses when that fails; ERR_LIMIT: the
 * signer's rate ceiling.
 */
MUST_CHECK enum err lookups_ask(struct change *change,
                                const uint8_t (*id_hashes)[HSM_ID_HASH_BYTES], size_t count,
                                struct hsm_lookup_keys *keys);
/* The key under the pepper of this generation; NULL: the signer did not say it. */
const uint8_t *lookups_key(const struct hsm_lookup_keys *keys, uint16_t generation);

/*
 * Under which pepper rows are written and found: by what the registry says of its own, and before
 * any roll the oldest in ${first}, an answer of a signer.
 */
struct lookups_peppers {
    uint16_t oldest, newest;
};
struct lookups_peppers lookups_peppers(const struct registry_pepper *pepper,
                                       const struct hsm_lookup_keys *first);
/* False: this answer lacks a key that is needed to find or to write the row. */
bool lookups_suffice(const struct hsm_lookup_keys *keys, struct lookups_peppers peppers);
