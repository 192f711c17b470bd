#pragma once

#include "authd/store/registry_row.h"

/*
 * The rows by which a person is found from a phone number, or a name and birth date:
 *   keyed hash of the value (16) ‖ keyed hash of value and lookup key (16) → sealed lookup key.
 * A family may share one phone. The hash key belongs to the generation that sealed the identity, so
 * a new generation takes the indexes along as identities are sealed again.
 */

/* Adds, or with ${remove} takes away, the rows of ${identity}. An error sticks to the batch. */
struct registry_index_change {
    const uint8_t *lookup_key;
    const struct identity *identity;
    uint16_t generation; /* the identity is, or was, sealed under */
    bool remove;
};
void registry_index_apply(struct registry_batch *batch, const struct registry_index_change *change);
