#pragma once

#include <stdint.h>

#include "firmware/base/err.h"

/*
 * A ceiling of the signer's own: ${a_second} uses a second, as many at once. It holds even when
 * another process of the box has been taken over.
 */
struct rate {
    int64_t a_second;
    int64_t left_ns; /* what is saved up, in nanoseconds of its time; at most one second */
    int64_t then_ns; /* boot clock of the last use */
};

/* Nothing is used yet. ${now_ns} is of the boot clock, here and below. */
struct rate rate_of(int64_t a_second, int64_t now_ns);
/* Takes ${count} uses or none. ERR_LIMIT. */
MUST_CHECK enum err rate_take(struct rate *rate, int64_t count, int64_t now_ns);
