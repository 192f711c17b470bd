#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * A programme's failure budget: wrong codes, wrong declarations and unknown identifiers in an hour,
 * so that no rogue programme guesses its way through the country. A right code pays for one
 * failure.
 */

/* The op that counts one failure of the request's programme against its policy's budget, or the
 * box's. */
struct ledger_op budget_spend(const struct core *core, const struct request *request);
/* The op that gives one back. */
struct ledger_op budget_return(const struct core *core, const struct request *request);
/* *wait_ms is 0, or how long the budget stays used up. */
MUST_CHECK enum err budget_wait(const struct core *core, const struct request *request,
                                int64_t *wait_ms);

/* The op that counts one code the programme asks for, whether there is such a person or not; and
 * for how long there are no more. */
struct ledger_op budget_code(const struct core *core, const struct request *request);
MUST_CHECK enum err budget_code_wait(const struct core *core, const struct request *request,
                                     int64_t *wait_ms);
