#pragma once

#include "tests/bench/report.h"

/* Figures that follow from a report; for the two writers of it. A person served: all calls that the
 * mix makes for one. */
double report_throughput(const struct report *report);
double report_in_flight(const struct report *report);
double report_cpu_us(const struct report *report);
double report_floor_us(const struct report *report);
double report_ratio(const struct report *report);
double report_ratio_without_outbox(const struct report *report);
