#pragma once

#include <stdint.h>

/* CPU time of the calling thread, and what each of ${count} operations took since ${began_ns}. */
int64_t floor_clock_ns(void);
double floor_clock_us(int64_t began_ns, unsigned count);
