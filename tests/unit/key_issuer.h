#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/keystate.h"

/*
 * What certifies the keys of a schedule (tests/unit/test_key_schedules.c), as IDA/ROOT does: keys
 * of its own with the same rules and clocks, which officers revoke at once, standby and all. While
 * none is active none of the schedule's can be made.
 */
#define KEY_ISSUER_KEYS 64

struct key_issuer {
    struct keystate_key keys[KEY_ISSUER_KEYS];
    size_t count;
    unsigned long revoked; /* how often */
};

bool key_issuer_is_missing(const struct key_issuer *issuer);
/*
 * One step, if one is due by the box's facts and clocks: gives whether it was done. ${wait_ms}:
 * until the next, INT64_MAX: none comes by itself.
 */
bool key_issuer_step(struct key_issuer *issuer, const struct keystate_facts *box,
                     struct keystate_now now, int64_t *wait_ms);
/* All keys that are not over. Gives whether there was one. */
bool key_issuer_revoke(struct key_issuer *issuer, const struct keystate_facts *box,
                       struct keystate_now now);
