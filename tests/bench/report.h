#pragma once

#include "tests/bench/floor.h"
#include "tests/bench/options.h"
#include "tests/bench/processes.h"
#include "tests/bench/tally.h"

#define REPORT_SLICES_MAX 64

/* Everything that a run has found out. */
struct report {
    const struct options *options;
    struct tally *tally;
    size_t people, programmes;
    double seconds, whole_seconds; /* of sending; until the last answer of each slice */
    bool has_cpu;
    struct processes_use cpu;
    double floor_us;          /* of all measured calls together */
    struct floor_parts parts; /* mean of the measurements */
    size_t slice_count;
    struct report_slice {
        double cpu_us, floor_us;
    } slices[REPORT_SLICES_MAX];
    bool interrupted;
};

/* Whether every answer was right, and there were answers. */
bool report_is_good(const struct report *report);
void report_print(const struct report *report);
/* "-": standard output. Said on stderr when it cannot. */
MUST_CHECK enum err report_write_json(const struct report *report, const char *path);
