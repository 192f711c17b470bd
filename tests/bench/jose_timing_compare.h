#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * Whether two samples of times have one distribution. Both tests are of ranks alone, so nothing is
 * assumed of the distributions. What the machine does meanwhile does not matter, as long as chance
 * decided for each request which sample it belongs to: then all ways to label the times are equally
 * likely when the label means nothing.
 */
struct jose_timing_comparison {
    double distance;   /* Kolmogorov–Smirnov: the most that the shares of answers that have
                          left by some time differ */
    double distance_p; /* the chance of a distance as great without any difference */
    double shift;      /* Mann–Whitney: how much more often than half the time one of the
                          first is later than one of the second; negative: less often */
    double shift_p;    /* two-sided */
    double median_us[2];
};

/* Sorts both. Neither may be empty. */
void jose_timing_compare(int64_t *first, size_t first_count, int64_t *second, size_t second_count,
                         struct jose_timing_comparison *comparison);
