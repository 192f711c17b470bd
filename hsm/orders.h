#pragma once

#include "hsm/answers.h"
#include "hsm/wire_keys.h"

/*
 * Does what officers order about the life of a key, at signer 0, and fills in ${answer} but for the
 * receipt. The result is the receipt's status (hsm/wire_keys.h), or an error after which the
 * process must end.
 */
MUST_CHECK enum err orders_take(struct answers *answers, const struct hsm_key_order *order,
                                struct hsm_key_ordered *answer);
