#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/report_figures.h"

static json_t *calls_of(const struct report *report) {
    json_t *calls = json_object();
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        struct timing *times = &report->tally->times[call];
        if (times->count > 0)
            json_object_set_new(calls, mix_call_name((enum call_kind)call),
                                json_pack("{s:I, s:f, s:f, s:f}", "answers",
                                          (json_int_t)times->count, "p50_us",
                                          timing_percentile_us(times, 0.5), "p99_us",
                                          timing_percentile_us(times, 0.99), "p999_us",
                                          timing_percentile_us(times, 0.999)));
    }
    return calls;
}

/* All authentications together; when there are none, all calls. */
static enum err add_percentiles(json_t *document, const struct report *report) {
    struct timing all = {0};
    enum err result = ERR_OK;
    uint64_t *answered = report->tally->answered_in_all;
    bool codes_only = true;
    for (unsigned call = 0; call < CALL_KINDS; call++)
        codes_only = codes_only && (call == CALL_OTP || answered[call] == 0);
    for (unsigned call = 0; call < CALL_KINDS; call++)
        for (size_t i = 0; (call != CALL_OTP || codes_only) && result == ERR_OK &&
                           i < report->tally->times[call].count;
             i++)
            result = timing_add(&all, report->tally->times[call].ns[i]);
    json_object_set_new(document, "p50_us", json_real(timing_percentile_us(&all, 0.5)));
    json_object_set_new(document, "p99_us", json_real(timing_percentile_us(&all, 0.99)));
    json_object_set_new(document, "p999_us", json_real(timing_percentile_us(&all, 0.999)));
    timing_free(&all);
    return result;
}

static json_t *cpu_of(const struct report *report) {
    json_t *cpu = json_object();
    double served = (double)report->tally->served;
    for (size_t i = 0; i < report->cpu.count; i++)
        json_object_set_new(cpu, report->cpu.by_name[i].name,
                            json_real((double)report->cpu.by_name[i].ns / 1000 / served));
    json_object_set_new(cpu, "all", json_real(report_cpu_us(report)));
    return cpu;
}

static json_t *parts_of(const struct report *report) {
    const struct floor_parts *parts = &report->parts;
    json_t *made = json_pack("{s:f, s:f, s:f, s:f}", "token_decrypt", parts->decrypt, "token_sign",
                             parts->sign, "unpad", parts->unpad, "durable_write", parts->write);
    if (report->tally->answered_in_all[CALL_AUTH_FINGER] > 0)
        json_object_set_new(made, "finger",
                            json_pack("{s:f, s:f, s:f, s:f}", "token_decrypt",
                                      parts->decrypt_finger, "unpad", parts->unpad_finger,
                                      "capture", parts->capture, "match", parts->match));
    for (unsigned call = 0; call < CALL_KINDS; call++)
        if (report->tally->answered_in_all[call] > 0)
            json_object_set_new(
                made, mix_call_name((enum call_kind)call),
                json_pack("{s:f, s:f, s:f, s:f}", "verify", parts->verify[call], "open",
                          parts->open[call], "microhttpd", parts->echo[call], "all",
                          floor_of_call(parts, report->options->profile, (enum call_kind)call)));
    return made;
}

static void add_cpu(json_t *document, const struct report *report) {
    bool known = report->has_cpu && report->tally->served > 0;
    json_t *slices = json_array();
    for (size_t i = 0; i < report->slice_count && known; i++)
        json_array_append_new(slices,
                              json_real(report->slices[i].cpu_us / report->slices[i].floor_us));
    json_object_set_new(document, "cpu_us", known ? cpu_of(report) : json_null());
    json_object_set_new(document, "floor_us", json_real(report_floor_us(report)));
    json_object_set_new(document, "floor_parts_us", parts_of(report));
    json_object_set_new(document, "floor_ratio",
                        known ? json_real(report_ratio(report)) : json_null());
    json_object_set_new(document, "floor_ratio_without_outbox",
                        known ? json_real(report_ratio_without_outbox(report)) : json_null());
    json_object_set_new(document, "floor_ratio_slices", slices);
}

static json_t *wrong_of(const struct tally *tally) {
    json_t *wrong = json_object();
    for (size_t i = 0; i < tally->verdict_count; i++)
        json_object_set_new(wrong, tally->verdicts[i].text,
                            json_integer((json_int_t)tally->verdicts[i].count));
    return wrong;
}

static json_t *document_of(const struct report *report) {
    const struct options *options = report->options;
    const struct tally *tally = report->tally;
    json_t *document =
        json_pack("{s:s, s:s, s:f, s:b, s:f, s:f, s:I, s:I, s:I}", "profile",
                  report->options->profile == PROFILE_JOSE ? "jose" : "mosip", "mix",
                  options->mix_text, "seconds", report->seconds, "good", report_is_good(report),
                  "throughput", report_throughput(report), "in_flight", report_in_flight(report),
                  "served", (json_int_t)tally->served, "answers", (json_int_t)tally->judged,
                  "signatures_verified", (json_int_t)tally->examined);
    json_object_set_new(document, "rate",
                        options->rate > 0 ? json_real(options->rate) : json_null());
    json_object_set_new(document, "concurrency",
                        options->rate > 0 ? json_null()
                                          : json_integer((json_int_t)options->connections));
    json_object_set_new(document, "wrong", wrong_of(tally));
    return document;
}

enum err report_write_json(const struct report *report, const char *path) {
    json_t *document = document_of(report);
    enum err result = add_percentiles(document, report);
    json_object_set_new(document, "calls", calls_of(report));
    add_cpu(document, report);
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(6);
    int written = strcmp(path, "-") == 0 ? json_dumpf(document, stdout, flags)
                                         : json_dump_file(document, path, flags);
    json_decref(document);
    if (written == 0)
        return result;
    fprintf(stderr, "idcs-load: cannot write %s: %s\n", path, strerror(errno));
    return ERR_SYSTEM;
}
