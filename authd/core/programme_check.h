#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/request.h"
#include "authd/store/registry.h"

/*
 * Steps 12 to 15 of §6.2: is this programme, with this API key, this policy and this MISP licence,
 * allowed to ask this, now? The rows were read by programme_load.
 */

/* Reads the rows the path names. A missing row leaves its has_ flag false. ERR_CORRUPT,
 * ERR_UNAVAILABLE. */
MUST_CHECK enum err programme_load(struct registry *registry, struct request *request);

/* Partner, API key, policy and MISP, in MOSIP's order; the first that fails refuses. */
void programme_check_standing(struct request *request, int64_t now_ms);
/* Whether the policy allows this call at all. */
void programme_check_call(struct request *request);
/* The same, and the factors of the request against the policy, and the policy's mandatory ones. */
void programme_check_factors(struct request *request);
