#pragma once

#include "hsm/answers.h"
#include "hsm/wire_keys.h"

/*
 * Does what officers order about the life of a key, at signer 0; statuses as in hsm/wire_keys.h.
 * Fills in ${answer} but for the receipt.
 */
MUST_CHECK enum err orders_take(struct answers *answers, const struct hsm_key_order *order,
                                struct hsm_key_ordered *answer);
