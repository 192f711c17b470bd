#pragma once

#include "tests/bench/judge.h"

/* Threads that build requests and judge answers, so that the driver's clock is not held up by RSA.
 */
struct workers;

/* ${count} threads, of lower priority than the driver. */
MUST_CHECK enum err workers_open(struct workers **workers, unsigned count, const struct kit *kit,
                                 const struct judge *judge);
/* Waits for them. */
void workers_close(struct workers *workers);

/* Hands over what ${transaction->work} says. */
void workers_put(struct workers *workers, struct transaction *transaction);
/* Readable when something is done. */
int workers_descriptor(const struct workers *workers);
/* What is done, linked by next; it is the driver's again. */
struct transaction *workers_take(struct workers *workers);
