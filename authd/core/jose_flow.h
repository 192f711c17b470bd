#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/core/lane.h"

/*
 * The way of one request of the JOSE profile. As in flow.h, each function takes the answer of the
 * stage before and asks the next:
 *
 *   JOSE_REQUEST to unseal → the programme's key, its policy, its key of idempotency, the claims →
 *   HSM_DERIVE → JOSE_SEALED to unseal → what is sealed → HSM_LOOKUP → the decision, as for MOSIP →
 *   HSM_RESULT, of a yes alone → record → answer, if it tells of a person at its own time.
 */
void jose_flow_begin(struct lane *lane, struct request *request);
/* Answers. ERR_MALFORMED drops the peer. */
MUST_CHECK enum err jose_flow_on_request(struct lane *lane, struct request *request,
                                         struct bytes payload);
MUST_CHECK enum err jose_flow_on_derived(struct lane *lane, struct request *request,
                                         struct bytes payload);
MUST_CHECK enum err jose_flow_on_sealed(struct lane *lane, struct request *request,
                                        struct bytes payload);
MUST_CHECK enum err jose_flow_on_result(struct lane *lane, struct request *request,
                                        struct bytes payload);
/* The lookup key is in the request. */
void jose_flow_on_looked_up(struct lane *lane, struct request *request);
/* As those of flow.h. */
void jose_flow_after_samples(struct lane *lane, struct request *request);
void jose_flow_resume(struct lane *lane, struct request *request);
void jose_flow_conclude(struct lane *lane, struct request *request);
/* The record has come back from the journal. */
void jose_flow_on_recorded(struct lane *lane, struct request *request);
/* The time of the answer, or of what follows it, has come. */
void jose_flow_on_due(struct lane *lane, struct request *request);

/*
 * The request cannot go on: `unavailable`. What was not decided is freed for another try; what was
 * decided is recorded first, so that a retry is told.
 */
void jose_flow_deny(struct lane *lane, struct request *request);
