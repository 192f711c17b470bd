#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/notify/gateway/attempt.h"

/*
 * The health of one gateway, by what it has answered: a circuit breaker. Times are milliseconds on
 * one clock.
 *
 * After some failures in a row a gateway rests; each rest is twice as long as the one before, up to
 * a bound. When a rest is over it is probed, by a request that carries no message; one that answers
 * is good again, on parole: its first failure is the next rest, and only a message it accepts (or
 * refuses: it answered) ends the parole. A gateway whose oldest request waits too long is slow: the
 * other is taken while it is, before any time-out.
 */
struct health_policy {
    unsigned failures; /* in a row, before it rests */
    int64_t slow_ms;   /* an answer should take no longer */
    int64_t rest_ms;   /* the first rest */
    int64_t longest_rest_ms;
};

struct health {
    unsigned failures;    /* in a row */
    unsigned rests;       /* since the last answer to a message */
    int64_t rest_ends_ms; /* 0: it does not rest */
    bool probing;
};

enum health_state {
    HEALTH_GOOD,
    HEALTH_SLOW,
    HEALTH_RESTING,
    HEALTH_TO_PROBE, /* its rest is over */
};

/* ${oldest_ms}: when the oldest request that it has not answered was sent; negative: there is none.
 */
enum health_state health_state(const struct health *health, const struct health_policy *policy,
                               int64_t oldest_ms, int64_t now_ms);

/* Takes the outcome of a message into account. True: it rests from now on. */
bool health_took(struct health *health, const struct health_policy *policy,
                 enum attempt_outcome outcome, int64_t now_ms);

/* A probe has left, and what became of it. */
void health_probe(struct health *health);
void health_probed(struct health *health, const struct health_policy *policy, bool answered,
                   int64_t now_ms);
