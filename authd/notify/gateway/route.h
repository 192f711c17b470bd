#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "authd/notify/gateway/endpoint.h"
#include "authd/notify/gateway/health.h"
#include "authd/notify/gateway/transfer.h"

/* The ways a message can go: gateways and mail servers, each with its health. */
#define ROUTES_MAX 3 /* two gateways and a mail server */

/* A request that waits for its answer; in memory of the asker. */
struct route_attempt {
    TAILQ_ENTRY(route_attempt) next;
    int64_t sent_ms;
};

struct routes;
struct route {
    struct routes *routes;
    const struct endpoint *endpoint;
    struct health health;
    TAILQ_HEAD(, route_attempt) waiting; /* oldest first */
    int64_t waiting_count;
};

struct routes {
    struct health_policy policy;
    int64_t in_flight; /* most that may wait at one */
    struct route routes[ROUTES_MAX];
    size_t count;
};

/* Adds one; the first of its kind is the one that is taken while it is well. */
MUST_CHECK enum err route_add(struct routes *routes, const struct endpoint *endpoint);

/*
 * For a message of ${kind} that was not taken by those of ${tried} (bits by index): the first good
 * one, else a slow one, else NULL.
 */
struct route *route_choose(struct routes *routes, enum endpoint_kind kind, unsigned tried,
                           int64_t now_ms);
unsigned route_bit(const struct route *route);

/* The request has left; and what became of it. */
void route_sent(struct route *route, struct route_attempt *attempt, int64_t now_ms);
void route_answered(struct route *route, struct route_attempt *attempt,
                    enum attempt_outcome outcome, int64_t now_ms);

/* Probes those whose rest is over, each for at most ${timeout_ms}. */
void route_probe(struct routes *routes, struct transfers *transfers, int64_t timeout_ms);

/* "phone" or "email", for the log. */
const char *route_channel(enum endpoint_kind kind);
