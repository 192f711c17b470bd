#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/finger.h"
#include "tests/bench/match_eval_fuse.h"
#include "tests/bench/match_eval_run.h"
#include "tests/bench/match_eval_set.h"

static const char usage[] =
    "usage: match-eval DIR [--against DIR2] [--threads N] [--fuse WHAT] [--thresholds]\n"
    "       match-eval --synthetic FINGERS [--threads N] [--thresholds]\n"
    "\n"
    "Compares fingerprint templates, <DIR>/<database>/<finger>_<impression>.fmr (ISO/IEC\n"
    "19794-2:2005), and prints a line a comparison:\n"
    "database finger impression finger impression score microseconds\n"
    "\n"
    "  --against DIR2  the second of each pair comes from DIR2\n"
    "  --threads N     1 if not given\n"
    "  --fuse WHAT     print requests of two scores: fingers or impressions; with -best the\n"
    "                  better counts alone, with -first the first\n"
    "  --thresholds    print how many different fingers reach each threshold instead\n"
    "  --synthetic N   make N fingers, two impressions each, instead of reading any\n"
    "\n"
    "example: match-eval fvc/mindtct --against fvc/sourceafis > scores\n";

struct settings {
    const char *folder, *against, *fuse;
    unsigned long threads, synthetic;
    bool thresholds;
};

/* The requests that --fuse can make. */
static const struct {
    const char *name;
    enum err (*print)(const struct match_eval_set *set, const struct match_eval_list *list,
                      enum match_eval_rule rule);
    enum match_eval_rule rule;
} fusions[] = {
    {"fingers", match_eval_fuse_fingers, MATCH_EVAL_FUSED},
    {"fingers-best", match_eval_fuse_fingers, MATCH_EVAL_BEST},
    {"fingers-first", match_eval_fuse_fingers, MATCH_EVAL_FIRST},
    {"impressions", match_eval_fuse_impressions, MATCH_EVAL_FUSED},
    {"impressions-best", match_eval_fuse_impressions, MATCH_EVAL_BEST},
    {"impressions-first", match_eval_fuse_impressions, MATCH_EVAL_FIRST},
};

enum { FUSIONS = sizeof fusions / sizeof *fusions, THREADS_MAX = 256, SYNTHETIC_MAX = 5000 };

static unsigned find_fusion(const char *name) {
    unsigned i = 0;
    while (i < FUSIONS && strcmp(name, fusions[i].name) != 0)
        i++;
    return i;
}

static bool is_usable(const struct settings *settings) {
    if (settings->threads < 1 || settings->threads > THREADS_MAX ||
        settings->synthetic > SYNTHETIC_MAX)
        return false;
    if (settings->fuse != NULL && (settings->against != NULL || settings->synthetic > 0 ||
                                   find_fusion(settings->fuse) == FUSIONS))
        return false;
    return (settings->folder != NULL) != (settings->synthetic > 0);
}

static enum err read_settings(int argc, char **argv, struct settings *settings) {
    static const struct option options[] = {
        {"against", required_argument, NULL, 'a'},
        {"threads", required_argument, NULL, 't'},
        {"fuse", required_argument, NULL, 'f'},
        {"thresholds", no_argument, NULL, 'c'},
        {"synthetic", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *settings = (struct settings){.threads = 1};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        char *end = "";
        if (option == 'h')
            return ERR_CLOSED;
        if (option == 'a')
            settings->against = optarg;
        else if (option == 'f')
            settings->fuse = optarg;
        else if (option == 'c')
            settings->thresholds = true;
        else if (option == 't')
            settings->threads = strtoul(optarg, &end, 10);
        else if (option == 's')
            settings->synthetic = strtoul(optarg, &end, 10);
        else
            return ERR_CONFIG;
        if (*end != '\0')
            return ERR_CONFIG;
    }
    if (argc - optind > 1)
        return ERR_CONFIG;
    settings->folder = argv[optind];
    return is_usable(settings) ? ERR_OK : ERR_CONFIG;
}

static void print_list(const struct match_eval_set *set, const struct match_eval_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const struct match_eval_comparison *comparison = &list->comparisons[i];
        const struct match_eval_impression *one = &set->impressions[comparison->enrolled];
        const struct match_eval_impression *other = &set->impressions[comparison->probe];
        printf("%s %s %s %s %s %u %.1f\n", one->database, one->finger, one->number, other->finger,
               other->number, comparison->score, (double)comparison->microseconds);
    }
}

static void print_thresholds(const struct match_eval_set *set, const struct match_eval_list *list) {
    static const uint32_t thresholds[] = {FINGER_SCORE_FMR_1E2, FINGER_SCORE_FMR_1E3,
                                          FINGER_SCORE_FMR_1E4};
    for (unsigned t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
        size_t count[2] = {0}, reached[2] = {0};
        for (size_t i = 0; i < list->count; i++) {
            const struct match_eval_comparison *comparison = &list->comparisons[i];
            bool is_same = strcmp(set->impressions[comparison->enrolled].finger,
                                  set->impressions[comparison->probe].finger) == 0;
            count[is_same]++;
            reached[is_same] += comparison->score >= thresholds[t];
        }
        printf("threshold %u: %zu of %zu comparisons of different fingers reach it, %zu of %zu of "
               "the same\n",
               thresholds[t], reached[0], count[0], reached[1], count[1]);
    }
}

static enum err print_results(const struct settings *settings, const struct match_eval_set *set,
                              const struct match_eval_list *list) {
    if (settings->fuse != NULL) {
        unsigned fusion = find_fusion(settings->fuse);
        return fusions[fusion].print(set, list, fusions[fusion].rule);
    }
    if (settings->thresholds)
        print_thresholds(set, list);
    else
        print_list(set, list);
    return ERR_OK;
}

static enum err evaluate(const struct settings *settings) {
    struct match_eval_set set;
    struct match_eval_list list = {0};
    enum err err = settings->synthetic > 0
                       ? match_eval_set_make((unsigned)settings->synthetic, &set)
                       : match_eval_set_read(settings->folder, settings->against, &set);
    if (err == ERR_OK)
        err = match_eval_list_pairs(&set, &list);
    if (err == ERR_OK)
        err = match_eval_run(&set, &list, (unsigned)settings->threads);
    if (err == ERR_OK)
        err = print_results(settings, &set, &list);
    free(list.comparisons);
    match_eval_set_free(&set);
    return err;
}

int main(int argc, char **argv) {
    struct settings settings;
    enum err err = read_settings(argc, argv, &settings);
    if (err != ERR_OK) {
        fputs(usage, err == ERR_CLOSED ? stdout : stderr);
        return err == ERR_CLOSED ? 0 : 2;
    }
    err = evaluate(&settings);
    if (err != ERR_OK)
        fprintf(stderr,
                "match-eval: %s: %s; give the folder that holds <database>/<finger>_<n>.fmr\n",
                settings.folder != NULL ? settings.folder : "synthetic fingers", err_text(err));
    return err == ERR_OK && fflush(stdout) == 0 ? 0 : 1;
}
