#include <string.h>

#include "tests/bench/report_figures.h"

#define OUTBOX "authd-outbox"

double report_throughput(const struct report *report) {
    return report->seconds > 0 ? (double)report->tally->completed / report->seconds : 0;
}

double report_in_flight(const struct report *report) {
    return report->whole_seconds > 0
               ? (double)report->tally->in_flight_ns / 1e9 / report->whole_seconds
               : 0;
}

static double a_person(const struct report *report, double us) {
    return report->tally->served > 0 ? us / (double)report->tally->served : 0;
}

double report_cpu_us(const struct report *report) {
    return a_person(report, (double)report->cpu.all_ns / 1000);
}

double report_floor_us(const struct report *report) {
    return a_person(report, report->floor_us);
}

double report_ratio(const struct report *report) {
    return report->floor_us > 0 ? (double)report->cpu.all_ns / 1000 / report->floor_us : 0;
}

double report_ratio_without_outbox(const struct report *report) {
    int64_t ns = report->cpu.all_ns;
    for (size_t i = 0; i < report->cpu.count; i++)
        if (strcmp(report->cpu.by_name[i].name, OUTBOX) == 0)
            ns -= report->cpu.by_name[i].ns;
    return report->floor_us > 0 ? (double)ns / 1000 / report->floor_us : 0;
}
