#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/match_eval_run.h"
#include "tests/bench/match_eval_set.h"

static const char usage[] =
    "usage: match-eval DIR [--against DIR2] [--threads N]\n"
    "\n"
    "Compares fingerprint templates, <DIR>/<database>/<finger>_<impression>.fmr (ISO/IEC\n"
    "19794-2:2005), and prints a line a comparison:\n"
    "database finger impression finger impression score microseconds\n"
    "\n"
    "  --against DIR2  the second of each pair comes from DIR2\n"
    "  --threads N     1 if not given; times are those of one thread only then\n"
    "\n"
    "example: match-eval fvc/mindtct --against fvc/sourceafis > scores\n";

struct settings {
    const char *folder, *against;
    unsigned threads;
};

static enum err read_settings(int argc, char **argv, struct settings *settings) {
    static const struct option options[] = {
        {"against", required_argument, NULL, 'a'},
        {"threads", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *settings = (struct settings){.threads = 1};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        char *end = "";
        if (option == 'a')
            settings->against = optarg;
        else if (option == 't')
            settings->threads = (unsigned)strtoul(optarg, &end, 10);
        else
            return option == 'h' ? ERR_CLOSED : ERR_CONFIG;
        if (*end != '\0' || settings->threads < 1 || settings->threads > 256)
            return ERR_CONFIG;
    }
    if (optind != argc - 1)
        return ERR_CONFIG;
    settings->folder = argv[optind];
    return ERR_OK;
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

static enum err evaluate(const struct settings *settings) {
    struct match_eval_set set;
    struct match_eval_list list = {0};
    enum err err = match_eval_set_read(settings->folder, settings->against, &set);
    if (err == ERR_OK)
        err = match_eval_list_pairs(&set, &list);
    if (err == ERR_OK)
        err = match_eval_run(&set, &list, settings->threads);
    if (err == ERR_OK)
        print_list(&set, &list);
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
                settings.folder, err_text(err));
    return err == ERR_OK && fflush(stdout) == 0 ? 0 : 1;
}
