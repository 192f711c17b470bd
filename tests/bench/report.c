#include <stdio.h>
#include <string.h>

#include "tests/bench/report.h"
#include "tests/bench/report_figures.h"

bool report_is_good(const struct report *report) {
    return report->tally->wrong == 0 && report->tally->served > 0 && !report->interrupted;
}

static void print_calls(const struct report *report) {
    printf("\n%-14s %9s %10s %10s %10s\n", "call", "answers", "p50 us", "p99 us", "p99.9 us");
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        struct timing *times = &report->tally->times[call];
        if (times->count > 0)
            printf("%-14s %9zu %10.0f %10.0f %10.0f\n", mix_call_name((enum call_kind)call),
                   times->count, timing_percentile_us(times, 0.5),
                   timing_percentile_us(times, 0.99), timing_percentile_us(times, 0.999));
    }
}

static void print_parts(const struct report *report) {
    const struct floor_parts *parts = &report->parts;
    printf("\nfloor, us: token decrypts %.1f and signs %.1f; un-padding %.2f; durable write %.1f\n",
           parts->decrypt, parts->sign, parts->unpad, parts->write);
    for (unsigned call = 0; call < CALL_KINDS; call++)
        if (report->tally->answered_in_all[call] > 0)
            printf("  %-14s verify %.1f, open %.2f, libmicrohttpd %.1f: %.1f in all\n",
                   mix_call_name((enum call_kind)call), parts->verify[call], parts->open[call],
                   parts->echo[call],
                   floor_of_call(parts, report->options->profile, (enum call_kind)call));
}

static void print_cpu(const struct report *report) {
    const struct processes_use *cpu = &report->cpu;
    double served = (double)report->tally->served;
    printf("\nCPU, us for each person served:\n");
    for (size_t i = 0; i < cpu->count; i++)
        printf("  %-16s %9.1f\n", cpu->by_name[i].name, (double)cpu->by_name[i].ns / 1000 / served);
    printf("  %-16s %9.1f\n", "all", report_cpu_us(report));
    print_parts(report);
    printf("\nfloor %.1f us a person, ratio %.3f (slices", report_floor_us(report),
           report_ratio(report));
    for (size_t i = 0; i < report->slice_count; i++)
        printf(" %.3f", report->slices[i].cpu_us / report->slices[i].floor_us);
    printf("); without the demonstration's outbox %.3f\n", report_ratio_without_outbox(report));
}

static void print_wrong(const struct report *report) {
    const struct tally *tally = report->tally;
    if (report->interrupted)
        printf("\nINTERRUPTED: not a good run\n");
    if (tally->wrong == 0)
        return;
    printf("\nNOT A GOOD RUN: %lu answers were wrong:\n", tally->wrong);
    for (size_t i = 0; i < tally->verdict_count; i++)
        printf("  %-24s %lu\n", tally->verdicts[i].text, tally->verdicts[i].count);
    if (tally_count(tally, "IDA-OTA-001") > 0)
        printf("IDA-OTA-001: the appliance limits how many codes a person may ask for. Start it "
               "with\n  --set core.otp-requests=1000000 --set core.otp-person-requests=1000000\n");
    if (tally_count(tally, "no code in the outbox") > 0)
        printf("no code in the outbox: is the kit's outbox this appliance's, and readable?\n");
}

void report_print(const struct report *report) {
    const struct options *options = report->options;
    struct tally *tally = report->tally;
    printf("%s, mix %s, %zu people, %zu programmes, ",
           options->profile == PROFILE_JOSE ? "jose" : "mosip", options->mix_text, report->people,
           report->programmes);
    if (options->rate > 0)
        printf("open loop at %.1f people a second, %.1f s\n", options->rate, report->seconds);
    else
        printf("closed loop, %u calls in flight, %.1f s\n", options->connections, report->seconds);
    printf("throughput: %.1f people served a second; %.1f calls in flight on average\n",
           report_throughput(report), report_in_flight(report));
    printf("answers: %lu judged, %lu of them with their signature verified, %lu wrong\n",
           tally->judged, tally->examined, tally->wrong);
    print_calls(report);
    if (report->has_cpu && tally->served > 0)
        print_cpu(report);
    print_wrong(report);
}
