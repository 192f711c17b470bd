#include <curl/curl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "tests/bench/jose_timing_compare.h"
#include "tests/bench/jose_timing_run.h"

/* All pairs together take chance for a difference this often; and only what is found twice counts.
 */
#define CHANCE      0.001
#define WRONG_MOST  0.01
#define SAMPLES_MAX 10000000
#define PAIRS_MAX   (JOSE_TIMING_CLASSES_MAX * (JOSE_TIMING_CLASSES_MAX - 1) / 2)

static const char usage_text[] =
    "usage: jose-timing --kit KIT.json --plan PLAN.json [--samples N] [--concurrency C]\n"
    "\n"
    "Asks the appliance's JOSE profile in random order what all has one answer, and compares the\n"
    "times of the answers class by class (Kolmogorov and Smirnov; Mann and Whitney). The plan's\n"
    "form is in tests/bench/jose_timing_plan.h; a whole one is in "
    "tests/system/test_jose_timing.py.\n"
    "\n"
    "  --samples N         of each class (default 2000)\n"
    "  --concurrency C     requests in flight at any time (default 64)\n"
    "\n"
    "example: jose-timing --kit build/kit/kit.json --plan plan.json --samples 100000\n"
    "exit status: 0 no difference, 1 a difference was found twice, 2 it could not be measured\n";

struct pair {
    size_t first, second;
    struct jose_timing_comparison comparison;
    double p; /* corrected for the number of tests */
};

struct session {
    struct jose_timing_plan plan;
    struct jose_timing_samples samples[JOSE_TIMING_CLASSES_MAX];
    bool asked_of[JOSE_TIMING_CLASSES_MAX];
    int64_t sample_count, concurrency;
    size_t pair_count, differing;
    struct pair pairs[PAIRS_MAX];
};

static void list_pairs(struct session *session) {
    const struct jose_timing_class *classes = session->plan.classes;
    for (size_t i = 0; i < session->plan.class_count; i++)
        for (size_t j = i + 1; j < session->plan.class_count; j++)
            if (strcmp(classes[i].group, classes[j].group) == 0)
                session->pairs[session->pair_count++] = (struct pair){.first = i, .second = j};
}

/* Compares the pairs and keeps those that differ, and in the second round the same way round. */
static void compare(struct session *session, bool again) {
    double tests = 2.0 * (double)session->pair_count;
    size_t kept = 0;
    for (size_t i = 0; i < session->pair_count; i++) {
        struct pair pair = session->pairs[i];
        struct timing *first = &session->samples[pair.first].times;
        struct timing *second = &session->samples[pair.second].times;
        double shift_before = pair.comparison.shift;
        jose_timing_compare(first->ns, first->count, second->ns, second->count, &pair.comparison);
        const struct jose_timing_comparison *found = &pair.comparison;
        pair.p = fmin(fmin(found->distance_p, found->shift_p) * tests, 1);
        bool differs = pair.p < CHANCE && (!again || found->shift * shift_before > 0);
        printf("%s %-26s %-26s  median %9.1f %9.1f us  distance %.4f  shift %+.4f  p %.2g\n",
               differs ? "DIFFER" : "      ", session->plan.classes[pair.first].name,
               session->plan.classes[pair.second].name, found->median_us[0], found->median_us[1],
               found->distance, found->shift, pair.p);
        if (differs)
            session->pairs[kept++] = pair;
    }
    session->pair_count = session->differing = kept;
}

static bool print_classes(struct session *session) {
    bool good = true;
    for (size_t i = 0; i < session->plan.class_count; i++) {
        struct jose_timing_samples *samples = &session->samples[i];
        if (!session->asked_of[i])
            continue;
        printf("       %-26s %7zu answers  p1 %9.1f  p50 %9.1f  p99 %9.1f us  wrong %zu\n",
               session->plan.classes[i].name, samples->times.count,
               timing_percentile_us(&samples->times, 0.01),
               timing_percentile_us(&samples->times, 0.5),
               timing_percentile_us(&samples->times, 0.99), samples->wrong);
        good = good && samples->times.count > 0 &&
               (double)samples->wrong <= WRONG_MOST * (double)session->sample_count;
    }
    return good;
}

/* False: it could not be measured. */
static bool measure(struct session *session, bool again) {
    const struct jose_timing_run run = {.plan = &session->plan,
                                        .in_flight = (unsigned)session->concurrency,
                                        .samples = (size_t)session->sample_count,
                                        .asked_of = session->asked_of};
    memset(session->asked_of, 0, sizeof session->asked_of);
    for (size_t i = 0; i < session->pair_count; i++)
        session->asked_of[session->pairs[i].first] = session->asked_of[session->pairs[i].second] =
            true;
    enum err result = jose_timing_run(&run, session->samples);
    if (result != ERR_OK || !print_classes(session)) {
        fprintf(stderr, "jose-timing: %s: look into the appliance's log for its reason\n",
                result != ERR_OK ? err_text(result) : "too many wrong answers");
        return false;
    }
    compare(session, again);
    return true;
}

static int judge(struct session *session) {
    list_pairs(session);
    if (!measure(session, false))
        return 2;
    if (session->differing > 0) {
        printf("once more, those that differ\n");
        if (!measure(session, true))
            return 2;
    }
    printf("pairs that differ: %zu\n", session->differing);
    return session->differing > 0 ? 1 : 0;
}

static void close_session(struct session *session) {
    for (size_t i = 0; i < JOSE_TIMING_CLASSES_MAX; i++)
        timing_free(&session->samples[i].times);
    jose_timing_plan_close(&session->plan);
}

static bool read_options(int argc, char **argv, struct session *session, const char **kit,
                         const char **plan) {
    static const struct option options[] = {
        {"kit", required_argument, NULL, 'k'},     {"plan", required_argument, NULL, 'p'},
        {"samples", required_argument, NULL, 's'}, {"concurrency", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    bool good = true;
    for (int option = 0; good && option != -1;) {
        option = getopt_long(argc, argv, "", options, NULL);
        if (option == 'k')
            *kit = optarg;
        else if (option == 'p')
            *plan = optarg;
        else if (option == 's')
            good = codec_integer(optarg, 100, SAMPLES_MAX, &session->sample_count) == ERR_OK;
        else if (option == 'c')
            good = codec_integer(optarg, 1, 480, &session->concurrency) == ERR_OK;
        else if (option != -1)
            good = false;
    }
    return good && *kit != NULL && *plan != NULL && optind == argc;
}

int main(int argc, char **argv) {
    static struct session session = {.sample_count = 2000, .concurrency = 64};
    const char *kit = NULL, *plan = NULL;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage_text, stdout) < 0;
    if (!read_options(argc, argv, &session, &kit, &plan)) {
        fputs(usage_text, stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int status = 2;
    if (jose_timing_plan_open(kit, plan, &session.plan) == ERR_OK)
        status = judge(&session);
    close_session(&session);
    curl_global_cleanup();
    return status;
}
