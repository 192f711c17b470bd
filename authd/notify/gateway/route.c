#include "authd/notify/gateway/route.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

const char *route_channel(enum endpoint_kind kind) {
    return kind == ENDPOINT_MAIL ? "email" : "phone";
}

enum err route_add(struct routes *routes, const struct endpoint *endpoint) {
    if (routes->count == ROUTES_MAX)
        return ERR_FULL;
    struct route *route = &routes->routes[routes->count++];
    *route = (struct route){.routes = routes, .endpoint = endpoint};
    TAILQ_INIT(&route->waiting);
    return ERR_OK;
}

static enum health_state state_of(const struct route *route, int64_t now_ms) {
    const struct route_attempt *oldest = TAILQ_FIRST(&route->waiting);
    return health_state(&route->health, &route->routes->policy,
                        oldest != NULL ? oldest->sent_ms : -1, now_ms);
}

unsigned route_bit(const struct route *route) {
    return 1u << (route - route->routes->routes);
}

struct route *route_choose(struct routes *routes, enum endpoint_kind kind, unsigned tried,
                           int64_t now_ms) {
    struct route *slow = NULL;
    for (size_t i = 0; i < routes->count; i++) {
        struct route *route = &routes->routes[i];
        if (route->endpoint->kind != kind || (tried & route_bit(route)) != 0 ||
            route->waiting_count >= routes->in_flight)
            continue;
        enum health_state state = state_of(route, now_ms);
        if (state == HEALTH_GOOD)
            return route;
        if (state == HEALTH_SLOW && slow == NULL)
            slow = route;
    }
    return slow;
}

void route_sent(struct route *route, struct route_attempt *attempt, int64_t now_ms) {
    attempt->sent_ms = now_ms;
    TAILQ_INSERT_TAIL(&route->waiting, attempt, next);
    route->waiting_count++;
}

void route_answered(struct route *route, struct route_attempt *attempt,
                    enum attempt_outcome outcome, int64_t now_ms) {
    TAILQ_REMOVE(&route->waiting, attempt, next);
    route->waiting_count--;
    if (health_took(&route->health, &route->routes->policy, outcome, now_ms))
        log_event(LOG_WARNING, "gateway-rests", "channel=%s number=%u for-ms=%lld why=%s",
                  route_channel(route->endpoint->kind), route->endpoint->number,
                  (long long)(route->health.rest_ends_ms - now_ms), attempt_text(outcome));
}

/* Kannel answers a request without a user by 403: it is there. */
static void probe_done(void *context, const struct attempt_facts *facts) {
    struct route *route = context;
    bool answered = facts->mail ? facts->finished : facts->status >= 200 && facts->status < 500;
    health_probed(&route->health, &route->routes->policy, answered, clock_boot_ms());
    log_event(LOG_INFO, answered ? "gateway-answers-again" : "gateway-still-silent",
              "channel=%s number=%u", route_channel(route->endpoint->kind),
              route->endpoint->number);
}

void route_probe(struct routes *routes, struct transfers *transfers, int64_t timeout_ms) {
    int64_t now_ms = clock_boot_ms();
    for (size_t i = 0; i < routes->count; i++) {
        struct route *route = &routes->routes[i];
        struct transfer_request request = {
            .endpoint = route->endpoint,
            .probe = true,
            .timeout_ms = timeout_ms,
            .done = probe_done,
            .context = route,
        };
        if (state_of(route, now_ms) != HEALTH_TO_PROBE)
            continue;
        health_probe(&route->health);
        if (transfer_start(transfers, &request) != ERR_OK)
            health_probed(&route->health, &routes->policy, false, now_ms);
    }
}
