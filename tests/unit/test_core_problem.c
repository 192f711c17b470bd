#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/problem.h"

static void each_problem_has_its_status_and_type(void **state) {
    (void)state;
    static const struct {
        enum problem problem;
        const char *name;
        uint16_t status;
    } rows[] = {{PROBLEM_MALFORMED, "malformed", 400},
                {PROBLEM_MEDIA_TYPE, "media-type", 415},
                {PROBLEM_NOT_RECOGNISED, "not-recognised", 401},
                {PROBLEM_NOT_PERMITTED, "not-permitted", 403},
                {PROBLEM_OUT_OF_TIME, "out-of-time", 400},
                {PROBLEM_NOT_SEALED_FOR_US, "not-sealed-for-us", 400},
                {PROBLEM_REPLAYED, "replayed", 409},
                {PROBLEM_IN_PROGRESS, "in-progress", 409},
                {PROBLEM_KEY_REUSED, "key-reused", 422},
                {PROBLEM_TOO_MANY, "too-many", 429},
                {PROBLEM_NOT_AUTHENTICATED, "not-authenticated", 403},
                {PROBLEM_UNAVAILABLE, "unavailable", 503}};
    assert_int_equal(sizeof rows / sizeof *rows, PROBLEM_COUNT - 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct edge_answer answer;
        char begins[96], ends[32], body[256];
        problem_answer(rows[i].problem, 0, &answer);
        snprintf(begins, sizeof begins, "{\"type\":\"urn:idcs:problem:%s\",\"title\":\"",
                 rows[i].name);
        snprintf(ends, sizeof ends, "\",\"status\":%u}", rows[i].status);
        assert_int_equal(bytes_to_text(answer.body, body, sizeof body), ERR_OK);
        assert_memory_equal(body, begins, strlen(begins));
        assert_string_equal(body + strlen(body) - strlen(ends), ends);
        assert_int_equal(answer.status, rows[i].status);
        assert_int_equal(answer.content, EDGE_PROBLEM);
        assert_int_equal(answer.retry_after_seconds, 0);
        assert_string_equal(problem_text(rows[i].problem), rows[i].name);
    }
}

static void the_wait_is_rounded_up(void **state) {
    (void)state;
    struct edge_answer answer;
    static const struct {
        int64_t ms;
        uint32_t seconds;
    } rows[] = {{1, 1}, {999, 1}, {1000, 1}, {1001, 2}, {3600000, 3600}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        problem_answer(PROBLEM_TOO_MANY, rows[i].ms, &answer);
        assert_int_equal(answer.retry_after_seconds, rows[i].seconds);
    }
}

static void what_is_no_problem_is_answered_as_unavailable(void **state) {
    (void)state;
    struct edge_answer answer;
    problem_answer(PROBLEM_NONE, 0, &answer);
    assert_int_equal(answer.status, 503);
    problem_answer(PROBLEM_COUNT, 0, &answer);
    assert_int_equal(answer.status, 503);
    assert_string_equal(problem_text(PROBLEM_NONE), "");
}

static void refusals_of_the_shared_parts_have_theirs(void **state) {
    (void)state;
    assert_int_equal(problem_of(MOSIP_MLC_001), PROBLEM_OUT_OF_TIME);
    assert_int_equal(problem_of(MOSIP_MLC_008), PROBLEM_MALFORMED);
    assert_int_equal(problem_of(MOSIP_MLC_011), PROBLEM_NOT_PERMITTED);
    assert_int_equal(problem_of(MOSIP_MPA_005), PROBLEM_NOT_PERMITTED);
    assert_int_equal(problem_of(MOSIP_MPA_013), PROBLEM_NOT_PERMITTED);
    assert_int_equal(problem_of(MOSIP_MPA_019), PROBLEM_NOT_RECOGNISED);
    for (int error = 0; error <= MOSIP_ERROR_COUNT; error++)
        assert_int_not_equal(problem_of((enum mosip_error)error), PROBLEM_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_problem_has_its_status_and_type),
        cmocka_unit_test(the_wait_is_rounded_up),
        cmocka_unit_test(what_is_no_problem_is_answered_as_unavailable),
        cmocka_unit_test(refusals_of_the_shared_parts_have_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
