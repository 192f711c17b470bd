#pragma once

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/*
 * Answers that leave at their time, and at no other. The time is a whole multiple of `refusal-ms`
 * after core took the request, by the boot clock, to the nanosecond: were it rounded, what is left
 * over would still tell how long the work took. One timer a lane wakes it for the first of the
 * list, which is in order of time.
 */
MUST_CHECK enum err due_open(struct lane *lane);
void due_close(struct lane *lane);

/* The first such time that is still to come: jose_flow_on_due will be called then. */
void due_wait(struct lane *lane, struct request *request);
/* For what follows the answer: half a period later, away from anybody's answer. */
void due_wait_after(struct lane *lane, struct request *request);
