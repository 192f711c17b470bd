#pragma once

#include "hsm/wire.h"
#include "authd/core/core.h"

/*
 * What the box shows to everybody, as a signer wrote it: kept by lane 0, read by all lanes. When
 * the keys change another takes its place; a view of one is good for the turn of a loop.
 */
struct publication {
    uint64_t sequence;        /* of the keyring that it was made from */
    uint32_t max_age_seconds; /* how long clients may keep it: the life of keys reckons with that */
    struct bytes jwks, partner_pem, ida_fir_pem;
    char request_kid[44]; /* of the key that requests are encrypted to */
    int64_t kept_boot_ms;
    struct publication *older;
    uint8_t memory[];
};

/* NULL while there is none yet. */
const struct publication *published_now(const struct core *core);

/* Takes over ${answer} if its keyring is newer than that of what is there. ERR_FULL. */
MUST_CHECK enum err published_keep(struct core *core, const struct hsm_publication *answer);
void published_free(struct core *core);
