#pragma once

#include "authd/match/finger.h"

/* Minutiae that follow one another in a prepared template. */
struct finger_range {
    unsigned from, count;
};

/* Those whose direction is at most ${reach} (< 128) from ${angle}: one range, or two around 0. */
static inline unsigned finger_ranges(const struct finger_prepared *prepared, unsigned angle,
                                     unsigned reach, struct finger_range range[static 2]) {
    unsigned low = (angle - reach) & 255, high = ((angle + reach) & 255) + 1;
    range[0].from = prepared->first[low];
    if (low < high) {
        range[0].count = prepared->first[high] - range[0].from;
        return 1;
    }
    range[0].count = prepared->count - range[0].from;
    range[1] = (struct finger_range){.from = 0, .count = prepared->first[high]};
    return 2;
}

/*
 * The same on a ring, where the first minutia follows the last: the first of them, and how many.
 * What is indexed by it is as long as the template twice.
 */
static inline unsigned finger_ring(const struct finger_prepared *prepared, unsigned angle,
                                   unsigned reach, unsigned *count) {
    struct finger_range range[2];
    *count = finger_ranges(prepared, angle, reach, range) == 2 ? range[1].count : 0;
    *count += range[0].count;
    return range[0].from;
}
