#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/match/false_match_table.h"

/*
 * What a policy's thresholds come to: how likely it is that someone who is not the person passes in
 * one transaction, all tries that the policy allows included. Computed when a policy is loaded.
 * Exact integers, no independence assumed: a sum of probabilities is never less than that of any of
 * the events, and that of all of them together is never more than the least.
 */

enum false_match_modality {
    FALSE_MATCH_FINGER = 0,
    FALSE_MATCH_IRIS,
    FALSE_MATCH_FACE,
    FALSE_MATCH_MODALITIES,
};

/* A modality in a policy. One that is not used is all zeroes. */
struct false_match_use {
    uint64_t rate;      /* of one comparison, at the policy's threshold: false_match_table_rate */
    uint16_t presented; /* fingers, irises or faces in a request, at most */
    /* Impressions that each of them is compared with, at most: those of the same position where the
     * policy binds positions, else those of all. */
    uint16_t enrolled;
    uint16_t tries; /* requests until the person is locked */
};

enum false_match_rule {
    FALSE_MATCH_ANY = 0, /* one modality that matches will do: their probabilities add up */
    FALSE_MATCH_ALL,     /* each modality used must match: the least of them counts */
};

struct false_match_policy {
    struct false_match_use uses[FALSE_MATCH_MODALITIES];
    enum false_match_rule rule;
    uint64_t ceiling; /* what the policy declares for a transaction */
};

/* Probabilities in parts of FALSE_MATCH_CERTAIN. */
struct false_match_bound {
    uint64_t comparisons[FALSE_MATCH_MODALITIES]; /* presented × enrolled × tries */
    uint64_t modality[FALSE_MATCH_MODALITIES];
    uint64_t transaction;
};

/*
 * ERR_OK when the policy stays at or below its ceiling. ERR_DENIED when it does not: ${bound} says
 * what it comes to. ERR_CONFIG when that cannot be said: no modality is used, one is used by half
 * (a rate but nothing presented, or the like), a rate or the ceiling is 0 or over certainty; then
 * ${bound} is certainty.
 */
MUST_CHECK enum err false_match_check(const struct false_match_policy *policy,
                                      struct false_match_bound *bound);
