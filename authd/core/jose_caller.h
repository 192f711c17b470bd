#pragma once

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/* Who sent a request of the JOSE profile, and whether it was sent before. */

/*
 * Reads the programme's rows, and verifies what its registered keys vouch for: the certificate of
 * the connection is its own; the signature verifies over the body as received, or the policy waives
 * it; and what unseal said of the claims, and of the parts of the sealed block, stands in these
 * bytes: a captured worker must not put anything into a programme's request. STANDING_PROGRAMME, or
 * a refusal; the views of the sealed block point into memory of the request then.
 */
MUST_CHECK enum err jose_caller_verify(struct lane *lane, struct request *request);

/*
 * Claims body, key and, of a request for a code, one of the programme's codes: all or none. They
 * travel in the request's record.
 */
MUST_CHECK enum err jose_caller_claim(struct core *core, struct request *request);
/* Claims the nonce of the sealed block. */
MUST_CHECK enum err jose_caller_claim_nonce(struct core *core, struct request *request,
                                            const char *nonce);
/* The request ends without a decision: another try with the same bytes begins anew. */
void jose_caller_release(struct core *core, struct request *request);
