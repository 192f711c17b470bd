#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/keystate.h"

/*
 * The stores of a schedule (tests/unit/test_key_schedules.c) whose keys are as the KEK and the
 * pepper: each row depends on a key's generation. Rows of the registry, whose keeper hears late of
 * a younger key, moves them one by one and then says so, perhaps late or twice; and rows of the
 * keyring, which the signer moves one by one.
 */
#define KEY_STORES_ROWS 24

struct key_rows {
    uint16_t of[KEY_STORES_ROWS]; /* the generation that each depends on; 0: no such row */
};

struct key_stores {
    struct key_rows registry, keyring;
    uint16_t to;    /* the generation that the registry's rows are written under; 0: none yet */
    uint16_t heard; /* the active one, as the registry's keeper knows it; 0: not yet */
    uint16_t said;  /* what it says of its needs, on its way; 0: nothing */
    uint16_t told;  /* what of that is stored with the keys; 0: nothing */
    unsigned long rows, moved, taken; /* how often */
};

/* What a transaction of the signer derives each time. */
void key_stores_mark(const struct key_stores *stores, struct keystate_key *keys, size_t count);
/*
 * Something happens to them. ${active}: of the keys as they are stored; 0: none is, or the signer
 * is down. Gives false when the signer is told what it must refuse.
 */
bool key_stores_happen(struct key_stores *stores, uint16_t active);
/* Their keepers do all that is left to do. */
bool key_stores_settle(struct key_stores *stores, uint16_t active);
