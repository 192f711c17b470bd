#pragma once

#include "firmware/base/secret.h"
#include "hsm/wire.h"
#include "authd/core/identifier.h"
#include "provisioning/change.h"
#include "provisioning/lookups.h"

/* A batch of people as rows of the registry. */
#define PEOPLE_IDENTIFIERS_MAX ((size_t)OFFICER_PEOPLE_MAX * (1 + OFFICER_VIDS_MAX))

/* One identifier, and where the row about it is or goes. */
struct people_identifier {
    uint8_t id_hash[IDENTIFIER_HASH_BYTES];
    struct hsm_lookup_keys keys;
};

/* All of it in secret memory, in two pieces. */
struct people {
    size_t count;
    struct officer_person person[OFFICER_PEOPLE_MAX];
    size_t identifier_count;
    struct people_identifier *identifier; /* UIN, its VIDs, next UIN… */
    struct secret identifier_memory;      /* for PEOPLE_IDENTIFIERS_MAX */
    struct lookups_peppers peppers;       /* that the keys have to be of */
    struct national national;
    struct secret enrolled[OFFICER_PEOPLE_MAX]; /* what the registry takes; {0}: nothing */
};

/* Refuses, and names person ${index} of the batch. */
MUST_CHECK enum err people_rows_refuse(struct change *change, size_t index,
                                       enum officer_reason reason, const char *field);
/*
 * Puts all of them. A known person keeps her person key and her audit salt, a known VID its id;
 * rows are written under the pepper that the registry is at, and those under an older one go.
 */
MUST_CHECK enum err people_rows_put(struct change *change, struct people *people,
                                    struct registry_batch *batch);
