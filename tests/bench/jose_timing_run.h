#pragma once

#include <stdbool.h>

#include "tests/bench/jose_timing_plan.h"
#include "tests/bench/timing.h"

/*
 * Sends requests of all classes in one random order over kept connections, the next one when an
 * answer comes in, and takes the time of each answer.
 */
struct jose_timing_samples {
    struct timing times;
    size_t wrong; /* answers with another status, or none: not among the times */
};

struct jose_timing_run {
    struct jose_timing_plan *plan;
    unsigned in_flight;
    size_t samples;       /* of each class */
    const bool *asked_of; /* of each class of the plan; the others take no part */
};

/* ${samples} has one for each class of the plan; they are replaced. ERR_CRYPTO, ERR_FULL,
 * ERR_SYSTEM. */
MUST_CHECK enum err jose_timing_run(const struct jose_timing_run *run,
                                    struct jose_timing_samples *samples);
