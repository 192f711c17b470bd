#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/route.h"

#define NOW INT64_C(1000000)

static const struct endpoint endpoints[ROUTES_MAX] = {{.kind = ENDPOINT_GATEWAY, .number = 1},
                                                      {.kind = ENDPOINT_GATEWAY, .number = 2},
                                                      {.kind = ENDPOINT_MAIL, .number = 1}};
static struct routes routes;
static struct route *first = &routes.routes[0], *second = &routes.routes[1],
                    *mail = &routes.routes[2];

static int open_routes(void **state) {
    (void)state;
    memset(&routes, 0, sizeof routes);
    routes.policy = (struct health_policy){
        .failures = 2, .slow_ms = 500, .rest_ms = 1000, .longest_rest_ms = 5000};
    routes.in_flight = 2;
    for (size_t i = 0; i < ROUTES_MAX; i++)
        assert_int_equal(route_add(&routes, &endpoints[i]), ERR_OK);
    return 0;
}

static struct route *choose(unsigned tried, int64_t now_ms) {
    return route_choose(&routes, ENDPOINT_GATEWAY, tried, now_ms);
}

static void let_rest(struct route *route) {
    for (unsigned i = 0; i < routes.policy.failures; i++) {
        struct route_attempt attempt;
        route_sent(route, &attempt, NOW);
        route_answered(route, &attempt, ATTEMPT_NOT_SENT, NOW);
    }
}

static void the_first_is_taken_while_it_is_well(void **state) {
    (void)state;
    assert_ptr_equal(choose(0, NOW), first);
    assert_ptr_equal(route_choose(&routes, ENDPOINT_MAIL, 0, NOW), mail);
}

static void none_is_tried_twice(void **state) {
    (void)state;
    assert_ptr_equal(choose(route_bit(first), NOW), second);
    assert_null(choose(route_bit(first) | route_bit(second), NOW));
}

static void one_that_rests_is_passed_over(void **state) {
    (void)state;
    let_rest(first);
    assert_ptr_equal(choose(0, NOW), second);
    assert_ptr_equal(choose(0, NOW + 1000), second); /* until a probe was answered */
    let_rest(second);
    assert_null(choose(0, NOW));
    assert_ptr_equal(route_choose(&routes, ENDPOINT_MAIL, 0, NOW), mail);
}

static void one_that_is_slow_is_the_last_resort(void **state) {
    (void)state;
    struct route_attempt attempt;
    route_sent(first, &attempt, NOW);
    assert_ptr_equal(choose(0, NOW + 499), first);
    assert_ptr_equal(choose(0, NOW + 500), second);
    let_rest(second);
    assert_ptr_equal(choose(0, NOW + 500), first);
    route_answered(first, &attempt, ATTEMPT_ACCEPTED, NOW + 600);
    assert_ptr_equal(choose(0, NOW + 600), first);
}

static void the_oldest_answer_awaited_counts(void **state) {
    (void)state;
    struct route_attempt old, young;
    route_sent(first, &old, NOW);
    route_sent(second, &young, NOW + 450);
    assert_ptr_equal(choose(0, NOW + 600), second);
    route_answered(first, &old, ATTEMPT_UNKNOWN, NOW + 600);
    assert_ptr_equal(choose(0, NOW + 600), first);
}

static void one_that_is_full_gets_no_more(void **state) {
    (void)state;
    struct route_attempt attempts[4];
    route_sent(first, &attempts[0], NOW);
    route_sent(first, &attempts[1], NOW);
    assert_ptr_equal(choose(0, NOW), second);
    route_sent(second, &attempts[2], NOW);
    route_sent(second, &attempts[3], NOW);
    assert_null(choose(0, NOW));
    route_answered(first, &attempts[0], ATTEMPT_ACCEPTED, NOW);
    assert_ptr_equal(choose(0, NOW), first);
}

static void there_is_room_for_three(void **state) {
    (void)state;
    assert_int_equal(route_add(&routes, &endpoints[0]), ERR_FULL);
}

#define WITH_ROUTES(test) cmocka_unit_test_setup(test, open_routes)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ROUTES(the_first_is_taken_while_it_is_well),
        WITH_ROUTES(none_is_tried_twice),
        WITH_ROUTES(one_that_rests_is_passed_over),
        WITH_ROUTES(one_that_is_slow_is_the_last_resort),
        WITH_ROUTES(the_oldest_answer_awaited_counts),
        WITH_ROUTES(one_that_is_full_gets_no_more),
        WITH_ROUTES(there_is_room_for_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
