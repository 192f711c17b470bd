#include "authd/notify/gateway/health.h"

#define DOUBLINGS_MAX 16

static int64_t rest_length(const struct health *health, const struct health_policy *policy) {
    unsigned doublings = health->rests < DOUBLINGS_MAX ? health->rests : DOUBLINGS_MAX;
    int64_t length = policy->rest_ms << doublings;
    return length < policy->longest_rest_ms ? length : policy->longest_rest_ms;
}

static void rest(struct health *health, const struct health_policy *policy, int64_t now_ms) {
    health->rest_ends_ms = now_ms + rest_length(health, policy);
    health->rests++;
}

enum health_state health_state(const struct health *health, const struct health_policy *policy,
                               int64_t oldest_ms, int64_t now_ms) {
    if (health->rest_ends_ms != 0)
        return now_ms >= health->rest_ends_ms && !health->probing ? HEALTH_TO_PROBE
                                                                  : HEALTH_RESTING;
    if (oldest_ms >= 0 && now_ms - oldest_ms >= policy->slow_ms)
        return HEALTH_SLOW;
    return HEALTH_GOOD;
}

bool health_took(struct health *health, const struct health_policy *policy,
                 enum attempt_outcome outcome, int64_t now_ms) {
    if (outcome == ATTEMPT_ACCEPTED || outcome == ATTEMPT_REFUSED) {
        health->failures = 0;
        health->rests = 0;
        return false;
    }
    /* Requests from before its rest, as they time out, tell nothing new. */
    if (health->rest_ends_ms != 0)
        return false;
    health->failures++;
    if (health->failures < policy->failures)
        return false;
    rest(health, policy, now_ms);
    return true;
}

void health_probe(struct health *health) {
    health->probing = true;
}

void health_probed(struct health *health, const struct health_policy *policy, bool answered,
                   int64_t now_ms) {
    health->probing = false;
    if (!answered) {
        rest(health, policy, now_ms);
        return;
    }
    health->rest_ends_ms = 0;
    health->failures = policy->failures - 1;
}
