#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/health.h"

static const struct health_policy policy = {
    .failures = 3, .slow_ms = 500, .rest_ms = 1000, .longest_rest_ms = 5000};
#define NOW INT64_C(1000000)

static enum health_state state_at(const struct health *health, int64_t now_ms) {
    return health_state(health, &policy, -1, now_ms);
}

static bool fails(struct health *health, int64_t now_ms) {
    return health_took(health, &policy, ATTEMPT_UNKNOWN, now_ms);
}

static struct health resting(void) {
    struct health health = {0};
    for (unsigned i = 0; i < policy.failures; i++)
        (void)fails(&health, NOW);
    return health;
}

static void failures_in_a_row_make_it_rest(void **state) {
    (void)state;
    struct health health = {0};
    assert_false(fails(&health, NOW));
    assert_false(health_took(&health, &policy, ATTEMPT_NOT_SENT, NOW));
    assert_int_equal(state_at(&health, NOW), HEALTH_GOOD);
    assert_true(health_took(&health, &policy, ATTEMPT_FAULT, NOW));
    assert_int_equal(state_at(&health, NOW), HEALTH_RESTING);
    assert_int_equal(state_at(&health, NOW + 999), HEALTH_RESTING);
    assert_int_equal(state_at(&health, NOW + 1000), HEALTH_TO_PROBE);
}

static void an_answer_between_them_forgets_them(void **state) {
    (void)state;
    static const enum attempt_outcome answers[] = {ATTEMPT_ACCEPTED, ATTEMPT_REFUSED};
    for (size_t i = 0; i < 2; i++) {
        struct health health = {0};
        assert_false(fails(&health, NOW));
        assert_false(fails(&health, NOW));
        assert_false(health_took(&health, &policy, answers[i], NOW));
        assert_false(fails(&health, NOW));
        assert_false(fails(&health, NOW));
        assert_true(fails(&health, NOW));
    }
}

static void what_times_out_during_a_rest_does_not_prolong_it(void **state) {
    (void)state;
    struct health health = resting();
    for (int i = 0; i < 100; i++)
        assert_false(fails(&health, NOW + 500));
    assert_int_equal(state_at(&health, NOW + 1000), HEALTH_TO_PROBE);
}

static void one_probe_at_a_time(void **state) {
    (void)state;
    struct health health = resting();
    assert_int_equal(state_at(&health, NOW + 1000), HEALTH_TO_PROBE);
    health_probe(&health);
    assert_int_equal(state_at(&health, NOW + 9000), HEALTH_RESTING);
}

static void rests_double_up_to_the_longest(void **state) {
    (void)state;
    static const int64_t lengths[] = {1000, 2000, 4000, 5000, 5000};
    struct health health = resting();
    int64_t now_ms = NOW;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(state_at(&health, now_ms + lengths[i] - 1), HEALTH_RESTING);
        now_ms += lengths[i];
        assert_int_equal(state_at(&health, now_ms), HEALTH_TO_PROBE);
        health_probe(&health);
        health_probed(&health, &policy, false, now_ms);
    }
}

static void many_rests_do_not_overflow(void **state) {
    (void)state;
    struct health health = resting();
    for (int i = 0; i < 1000; i++)
        health_probed(&health, &policy, false, NOW);
    assert_int_equal(health.rest_ends_ms, NOW + policy.longest_rest_ms);
}

/* It answers a probe, and fails messages: each parole costs one message, and ever more rarely. */
static void after_a_probe_one_failure_is_enough(void **state) {
    (void)state;
    struct health health = resting();
    health_probe(&health);
    health_probed(&health, &policy, true, NOW + 1000);
    assert_int_equal(state_at(&health, NOW + 1000), HEALTH_GOOD);
    assert_true(fails(&health, NOW + 1000));
    assert_int_equal(state_at(&health, NOW + 2999), HEALTH_RESTING);
    assert_int_equal(state_at(&health, NOW + 3000), HEALTH_TO_PROBE);
}

static void after_a_message_all_is_forgotten(void **state) {
    (void)state;
    struct health health = resting();
    health_probe(&health);
    health_probed(&health, &policy, true, NOW + 1000);
    assert_false(health_took(&health, &policy, ATTEMPT_ACCEPTED, NOW + 1000));
    const struct health fresh = {0};
    assert_memory_equal(&health, &fresh, sizeof fresh);
}

static void a_late_answer_makes_it_slow_before_it_fails(void **state) {
    (void)state;
    struct health health = {0};
    assert_int_equal(health_state(&health, &policy, NOW, NOW + 499), HEALTH_GOOD);
    assert_int_equal(health_state(&health, &policy, NOW, NOW + 500), HEALTH_SLOW);
    assert_int_equal(health_state(&health, &policy, -1, NOW + 500), HEALTH_GOOD);
    health = resting();
    assert_int_equal(health_state(&health, &policy, NOW - 9000, NOW), HEALTH_RESTING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_make_it_rest),
        cmocka_unit_test(an_answer_between_them_forgets_them),
        cmocka_unit_test(what_times_out_during_a_rest_does_not_prolong_it),
        cmocka_unit_test(one_probe_at_a_time),
        cmocka_unit_test(rests_double_up_to_the_longest),
        cmocka_unit_test(many_rests_do_not_overflow),
        cmocka_unit_test(after_a_probe_one_failure_is_enough),
        cmocka_unit_test(after_a_message_all_is_forgotten),
        cmocka_unit_test(a_late_answer_makes_it_slow_before_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
