#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/* Every time that was measured; exact percentiles of them. */
struct timing {
    int64_t *ns;
    size_t count, room;
};

MUST_CHECK enum err timing_add(struct timing *timing, int64_t ns);
void timing_free(struct timing *timing);
/* Sorts. ${share} of 0.99: the smallest time that 99 % do not exceed, in us; 0 when there are none.
 */
double timing_percentile_us(struct timing *timing, double share);
