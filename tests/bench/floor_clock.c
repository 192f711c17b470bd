#include <time.h>

#include "tests/bench/floor_clock.h"

int64_t floor_clock_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double floor_clock_us(int64_t began_ns, unsigned count) {
    return (double)(floor_clock_ns() - began_ns) / 1000 / count;
}
