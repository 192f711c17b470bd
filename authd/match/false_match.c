#include "authd/match/false_match.h"

#include <stdbool.h>

static bool is_used(const struct false_match_use *use) {
    return use->rate != 0 || use->presented != 0 || use->enrolled != 0 || use->tries != 0;
}

static bool is_probability(uint64_t value) {
    return value > 0 && value <= FALSE_MATCH_CERTAIN;
}

static enum err check_settings(const struct false_match_policy *policy) {
    unsigned used = 0;
    if (!is_probability(policy->ceiling) || policy->rule > FALSE_MATCH_ALL)
        return ERR_CONFIG;
    for (unsigned i = 0; i < FALSE_MATCH_MODALITIES; i++) {
        const struct false_match_use *use = &policy->uses[i];
        if (!is_used(use))
            continue;
        if (!is_probability(use->rate) || use->presented == 0 || use->enrolled == 0 ||
            use->tries == 0)
            return ERR_CONFIG;
        used++;
    }
    return used > 0 ? ERR_OK : ERR_CONFIG;
}

/* At most ${comparisons} times the rate, and no more than certain. */
static uint64_t times(uint64_t rate, uint64_t comparisons) {
    return comparisons > FALSE_MATCH_CERTAIN / rate ? FALSE_MATCH_CERTAIN : rate * comparisons;
}

static uint64_t sum(uint64_t one, uint64_t other) {
    return one + other < FALSE_MATCH_CERTAIN ? one + other : FALSE_MATCH_CERTAIN;
}

static void bound_modalities(const struct false_match_policy *policy,
                             struct false_match_bound *bound) {
    uint64_t any = 0, all = FALSE_MATCH_CERTAIN;
    for (unsigned i = 0; i < FALSE_MATCH_MODALITIES; i++) {
        const struct false_match_use *use = &policy->uses[i];
        if (!is_used(use))
            continue;
        bound->comparisons[i] = (uint64_t)use->presented * use->enrolled * use->tries;
        bound->modality[i] = times(use->rate, bound->comparisons[i]);
        any = sum(any, bound->modality[i]);
        all = bound->modality[i] < all ? bound->modality[i] : all;
    }
    bound->transaction = policy->rule == FALSE_MATCH_ALL ? all : any;
}

enum err false_match_check(const struct false_match_policy *policy,
                           struct false_match_bound *bound) {
    *bound = (struct false_match_bound){.transaction = FALSE_MATCH_CERTAIN};
    ERR_TRY(check_settings(policy));
    bound_modalities(policy, bound);
    return bound->transaction <= policy->ceiling ? ERR_OK : ERR_DENIED;
}
