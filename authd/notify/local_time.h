#pragma once

#include <stdint.h>

#include "firmware/base/err.h"

/* The date and time of day that a person reads on a clock of their country. */
#define LOCAL_TIME_SIZE 16

struct local_time {
    char date[LOCAL_TIME_SIZE]; /* "21-11-2026" */
    char time[LOCAL_TIME_SIZE]; /* "22:55" */
};

/*
 * Reads the rules of ${zone}, such as "Africa/Casablanca" (whose offset changes around Ramadan).
 * Once, before confinement. ERR_CONFIG: the name is wrong or package tzdata is missing.
 */
MUST_CHECK enum err local_time_open(const char *zone);

/* In the zone that was opened. ERR_TOO_LARGE: no date of four digits for the year. */
MUST_CHECK enum err local_time_format(int64_t wall_ms, struct local_time *local);
