#pragma once

#include "tests/bench/match_eval_run.h"

/* What of a request with several scores is looked at. */
enum match_eval_rule { MATCH_EVAL_FIRST, MATCH_EVAL_BEST, MATCH_EVAL_FUSED };

/*
 * From the scores of all pairs, prints those of requests with more than one.
 * Impressions: any two of a finger are enrolled; those of other numbers, of all fingers of the
 * database, are probes.
 * Fingers: any two fingers of a database are a person's; the first impression of each is enrolled,
 * the others are probes; people who share a finger are not compared.
 * ERR_SYSTEM (no memory).
 */
MUST_CHECK enum err match_eval_fuse_impressions(const struct match_eval_set *set,
                                                const struct match_eval_list *list,
                                                enum match_eval_rule rule);
MUST_CHECK enum err match_eval_fuse_fingers(const struct match_eval_set *set,
                                            const struct match_eval_list *list,
                                            enum match_eval_rule rule);
