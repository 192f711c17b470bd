#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/* Who sent these bytes, and whether they were sent before. */

/* Whether the signature names the certificate that the programme of the path has registered. */
bool caller_is_registered(const struct request *request);

/*
 * Verifies with the programme's registered key, over the raw bytes: what unseal said of them does
 * not count here. STANDING_PROGRAMME or a refusal.
 */
MUST_CHECK enum err caller_verify(struct lane *lane, struct request *request);

/*
 * Whether the verified body itself has the identifier, transaction and time that unseal said it
 * has, each as the string of its member: a captured worker must not put another person into a
 * programme's signed request.
 */
bool caller_body_says(const struct request *request);

/* The op that claims ${what} of a programme's, once within the time in which it could be sent. */
struct ledger_op caller_once(const struct core *core, const char *kind, const char *programme,
                             struct bytes what);
/* A programme's body is answered once; the second time it is refused. The claim travels in the
 * request's record. */
MUST_CHECK enum err caller_claim_once(struct lane *lane, struct request *request);
