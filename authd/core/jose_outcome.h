#pragma once

#include "firmware/base/err.h"
#include "hsm/wire.h"
#include "authd/core/lane.h"
#include "authd/core/request.h"

/* What a request of the JOSE profile comes to: its outcome, and the answer that says it. */

#define JOSE_RESULT_LIFETIME_SECONDS 300

/*
 * No more will be said: ${request->jose.outcome} is settled, a refusal logged. Of a request that
 * holds its key it goes into the request's effects. ERR_UNAVAILABLE.
 */
MUST_CHECK enum err jose_outcome_settle(struct core *core, struct request *request);

/* Whether the outcome is a JWT, which a signer writes; else the answer is made here. */
bool jose_outcome_is_result(const struct request *request);
void jose_outcome_answer(const struct core *core, struct request *request);

/* HSM_RESULT's question. The views live as long as ${memory} and the request. */
MUST_CHECK enum err jose_outcome_result(const struct core *core, struct request *request,
                                        struct secret *memory, struct result *result);
/* Keeps what the signer wrote; attributes are encrypted to the programme. ERR_FULL, ERR_CRYPTO. */
MUST_CHECK enum err jose_outcome_keep(struct lane *lane, struct request *request, struct bytes jwt);

/* Whether the answer tells of a person, or would by its time: it leaves at a fixed time. */
bool jose_outcome_has_its_time(const struct request *request);
