#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/* The decision, which is the same in both profiles. */

/* The id hash of the request's identifier by the salt table (§5.4). ERR_NOT_FOUND: its salt is
 * unknown; the hash is then one that nobody has. */
MUST_CHECK enum err decision_hash(const struct core *core, struct request *request);

/*
 * Steps 18 to 20, all on what is stored: the person behind the lookup key, hotlist, child filter
 * and locks. Refuses by request_refuse. On an error nothing is decided.
 */
MUST_CHECK enum err decision_find(struct core *core, struct request *request);

/*
 * Step 21, unless something has refused: for FUNCTION_OTP a code is made, to be sent when its
 * record is durable; else every factor is compared, the VID's use counted and the token made.
 * Refuses by request_refuse; ${request->statement.verdict} is true only when nothing has refused.
 * On an error nothing is decided.
 */
MUST_CHECK enum err decision_make(struct core *core, struct request *request, bool deliverable);
