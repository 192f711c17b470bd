#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/ceiling.h"

#define NOW  INT64_C(1000000)
#define HOUR INT64_C(3600000)

static const struct ceiling_rate rate = {.burst = 3, .per_hour = 6}; /* one in ten minutes */
static struct ceiling *ceiling;

static int open_ceiling(void **state) {
    (void)state;
    return ceiling_open(&ceiling, 1024) == ERR_OK ? 0 : -1;
}

static int close_ceiling(void **state) {
    (void)state;
    ceiling_close(ceiling);
    return 0;
}

static enum err take(const char *name, int64_t now_ms) {
    return ceiling_take(ceiling, CEILING_CODE_TO_ADDRESS, name, &rate, now_ms);
}

static void a_burst_and_no_more(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("+212600000001", NOW), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("+212600000001", NOW), ERR_LIMIT);
}

static void it_recovers_one_by_one(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("a", NOW), ERR_OK);
    assert_int_equal(take("a", NOW + HOUR / 6 - 1), ERR_LIMIT);
    assert_int_equal(take("a", NOW + HOUR / 6), ERR_OK);
    assert_int_equal(take("a", NOW + HOUR / 6), ERR_LIMIT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("a", NOW + 10 * HOUR), ERR_OK);
    assert_int_equal(take("a", NOW + 10 * HOUR), ERR_LIMIT);
}

static void a_refusal_costs_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("a", NOW), ERR_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(take("a", NOW), ERR_LIMIT);
    assert_int_equal(take("a", NOW + HOUR / 6), ERR_OK);
}

static void names_and_kinds_do_not_share(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("a", NOW), ERR_OK);
    assert_int_equal(take("b", NOW), ERR_OK);
    assert_int_equal(ceiling_take(ceiling, CEILING_EVENT_TO_ADDRESS, "a", &rate, NOW), ERR_OK);
    assert_int_equal(ceiling_take(ceiling, CEILING_CODE_OF_PROGRAMME, "a", &rate, NOW), ERR_OK);
    assert_int_equal(take("a", NOW), ERR_LIMIT);
}

static void more_names_than_room_lose_no_exhausted_one_to_a_recovered_one(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take("kept", NOW + HOUR), ERR_OK);
    for (int i = 0; i < 100000; i++) { /* each has recovered when the next comes */
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        int64_t now_ms = NOW - 10 * HOUR + i;
        assert_int_not_equal(take(name, now_ms), ERR_SYSTEM);
    }
    assert_int_equal(take("kept", NOW + HOUR), ERR_LIMIT);
}

static void a_rate_that_is_none_is_refused(void **state) {
    (void)state;
    static const struct ceiling_rate wrong[] = {{0, 1}, {1, 0}, {1, HOUR + 1}, {-1, 5}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ceiling_take(ceiling, CEILING_CODE_TO_ADDRESS, "a", &wrong[i], NOW),
                         ERR_CONFIG);
}

static void a_name_beyond_any_address_is_refused(void **state) {
    (void)state;
    char name[512];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(take(name, NOW), ERR_TOO_LARGE);
}

#define WITH_CEILING(test) cmocka_unit_test_setup_teardown(test, open_ceiling, close_ceiling)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_CEILING(a_burst_and_no_more),
        WITH_CEILING(it_recovers_one_by_one),
        WITH_CEILING(a_refusal_costs_nothing),
        WITH_CEILING(names_and_kinds_do_not_share),
        WITH_CEILING(more_names_than_room_lose_no_exhausted_one_to_a_recovered_one),
        WITH_CEILING(a_rate_that_is_none_is_refused),
        WITH_CEILING(a_name_beyond_any_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
