#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/attempt.h"

static enum attempt_outcome http(long status, bool wrote) {
    return attempt_judge(
        &(struct attempt_facts){.finished = status != 0, .wrote = wrote, .status = status});
}

static void a_gateways_yes_is_202_alone(void **state) {
    (void)state;
    assert_int_equal(http(202, true), ATTEMPT_ACCEPTED);
    static const long others[] = {100, 200, 201, 204, 301, 302, 399, 600, 999, -1};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(http(others[i], true), ATTEMPT_UNKNOWN);
}

static void a_no_is_known_from_a_do_not_know(void **state) {
    (void)state;
    assert_int_equal(http(400, true), ATTEMPT_REFUSED);
    assert_int_equal(http(403, true), ATTEMPT_REFUSED);
    assert_int_equal(http(500, true), ATTEMPT_FAULT);
    assert_int_equal(http(503, true), ATTEMPT_FAULT);
    assert_int_equal(http(502, true), ATTEMPT_UNKNOWN);
    assert_int_equal(http(504, true), ATTEMPT_UNKNOWN);
}

static void silence_is_no_only_when_nothing_has_left(void **state) {
    (void)state;
    assert_int_equal(http(0, false), ATTEMPT_NOT_SENT);
    assert_int_equal(http(0, true), ATTEMPT_UNKNOWN);
}

/* The status came, then the connection broke: the answer was whole. */
static void a_yes_before_the_end_is_a_yes(void **state) {
    (void)state;
    const struct attempt_facts facts = {.finished = false, .wrote = true, .status = 202};
    assert_int_equal(attempt_judge(&facts), ATTEMPT_ACCEPTED);
}

static enum attempt_outcome smtp(bool finished, bool wrote, long status) {
    return attempt_judge(&(struct attempt_facts){
        .mail = true, .finished = finished, .wrote = wrote, .status = status});
}

static void mail_is_accepted_when_the_exchange_came_to_its_end(void **state) {
    (void)state;
    assert_int_equal(smtp(true, true, 250), ATTEMPT_ACCEPTED);
    assert_int_equal(smtp(false, false, 550), ATTEMPT_REFUSED);
    assert_int_equal(smtp(false, true, 451), ATTEMPT_REFUSED);
    assert_int_equal(smtp(false, true, 354), ATTEMPT_UNKNOWN);
    assert_int_equal(smtp(false, false, 220), ATTEMPT_NOT_SENT);
    assert_int_equal(smtp(false, false, 0), ATTEMPT_NOT_SENT);
}

static void only_a_certain_no_may_go_another_way(void **state) {
    (void)state;
    assert_true(attempt_may_be_repeated(ATTEMPT_REFUSED));
    assert_true(attempt_may_be_repeated(ATTEMPT_FAULT));
    assert_true(attempt_may_be_repeated(ATTEMPT_NOT_SENT));
    assert_false(attempt_may_be_repeated(ATTEMPT_ACCEPTED));
    assert_false(attempt_may_be_repeated(ATTEMPT_UNKNOWN));
    assert_false(attempt_may_be_repeated((enum attempt_outcome)99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gateways_yes_is_202_alone),
        cmocka_unit_test(a_no_is_known_from_a_do_not_know),
        cmocka_unit_test(silence_is_no_only_when_nothing_has_left),
        cmocka_unit_test(a_yes_before_the_end_is_a_yes),
        cmocka_unit_test(mail_is_accepted_when_the_exchange_came_to_its_end),
        cmocka_unit_test(only_a_certain_no_may_go_another_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
