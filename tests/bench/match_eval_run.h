#pragma once

#include <stdint.h>

#include "tests/bench/match_eval_set.h"

/* One comparison: which impressions of a set, and what came out. */
struct match_eval_comparison {
    uint32_t enrolled, probe;
    uint32_t score;
    float microseconds; /* the probe's preparation included */
};

struct match_eval_list {
    size_t count;
    struct match_eval_comparison *comparisons;
};

/*
 * Every pair of impressions of one finger once, and every impression of each finger with every
 * impression of every later finger of the same database. ERR_SYSTEM (no memory).
 */
MUST_CHECK enum err match_eval_list_pairs(const struct match_eval_set *set,
                                          struct match_eval_list *list);
/* Compares them in ${threads} threads. ERR_SYSTEM (no memory or no threads). */
MUST_CHECK enum err match_eval_run(const struct match_eval_set *set, struct match_eval_list *list,
                                   unsigned threads);
