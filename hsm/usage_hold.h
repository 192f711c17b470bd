#pragma once

#include "hsm/keystate.h"
#include "hsm/wire_usage.h"

/*
 * Keys that requests are encrypted to don't retire by their dates alone: not while core says that a
 * programme still uses them above the threshold, and not while core says nothing. Silence holds: a
 * key that opens for longer breaks nobody, one that is gone too soon does. Officers may let a key
 * go in spite of its use (keystate_key.released).
 */
#define USAGE_HOLD_FRESH_MS INT64_C(60000) /* so long core's word counts, by the run clock */

struct usage_hold {
    bool is_told;
    int64_t told_run_ms;
    struct wire_usage used;
};

/* Takes core's word, in place of what it said before. */
void usage_hold_take(struct usage_hold *hold, const struct wire_usage *used, int64_t run_ms);
/* Whether anybody encrypts to keys of ${purpose}. */
bool usage_hold_concerns(enum hsm_purpose purpose);
/* Sets ${held} of those of ${keys}, all of ${purpose}, that must not retire. */
void usage_hold_mark(const struct usage_hold *hold, enum hsm_purpose purpose, int64_t run_ms,
                     struct keystate_key *keys, size_t count);
