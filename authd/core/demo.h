#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * The demographic factor (§8). What is declared can be guessed value by value, and `age` can be
 * bisected, so tries are counted before they are looked at: per person and programme, per day, and
 * against the programme's failure budget. A match gives its counts back; one that asked for `age`
 * keeps those of the person, for either answer narrows it down.
 */

/* The controller's validation of what was declared. Refuses by request_refuse. */
void demo_check(const struct settings *settings, struct request *request);

/* Compares; refuses by request_refuse, with every member that does not match. */
MUST_CHECK enum err demo_verify(struct core *core, struct request *request);

/*
 * Counts one yes-or-no property that is about to be told of the person, against the same limits;
 * nothing gives it back, since either answer narrows the value down. Not *allowed: they are used
 * up, and nothing was counted.
 */
MUST_CHECK enum err demo_count_property(struct core *core, struct request *request, bool *allowed);
