#pragma once

#include "hsm/keyring.h"
#include "hsm/rollover.h"
#include "hsm/usage_hold.h"
#include "hsm/wire_keys.h"

/* What officers see of the keyring: a page of its keys, and what comes next for each purpose. */
struct key_list {
    struct keyring *keyring;
    struct rollover *rollover;
    const struct usage_hold *usage;
};

/*
 * The keys from ${question}'s place on, as many as an answer holds; ${page}'s receipt is left
 * alone. A key that is made or destroyed between two pages moves no other one. ERR_CORRUPT,
 * ERR_FULL.
 */
MUST_CHECK enum err key_list_page(const struct key_list *list,
                                  const struct hsm_keys_question *question, struct hsm_keys *page);
