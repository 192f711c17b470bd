#pragma once

#include "hsm/answers.h"
#include "hsm/wire_keys.h"

/*
 * Does what officers order about the life of a key, at signer 0; statuses as in hsm/wire_keys.h.
 * ${state} is that of the key before.
 */
MUST_CHECK enum err orders_take(struct answers *answers, const struct hsm_key_order *order,
                                enum keystate *state);
