#include <math.h>
#include <stdlib.h>

#include "tests/bench/timing.h"

enum err timing_add(struct timing *timing, int64_t ns) {
    if (timing->count == timing->room) {
        size_t room = timing->room == 0 ? 65536 : timing->room * 2;
        int64_t *grown = reallocarray(timing->ns, room, sizeof *grown);
        if (grown == NULL)
            return ERR_FULL;
        timing->ns = grown;
        timing->room = room;
    }
    timing->ns[timing->count++] = ns;
    return ERR_OK;
}

void timing_free(struct timing *timing) {
    free(timing->ns);
    *timing = (struct timing){0};
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

double timing_percentile_us(struct timing *timing, double share) {
    if (timing->count == 0)
        return 0;
    qsort(timing->ns, timing->count, sizeof *timing->ns, compare);
    size_t rank = (size_t)ceil(share * (double)timing->count);
    return (double)timing->ns[rank > 0 ? rank - 1 : 0] / 1000;
}
