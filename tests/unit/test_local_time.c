#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "authd/notify/local_time.h"
#include "firmware/base/bytes.h"
#include "firmware/base/clock.h"

static void assert_local(const char *utc, const char *date, const char *time) {
    int64_t wall_ms;
    struct local_time local;
    assert_int_equal(clock_parse_millis(bytes_of_text(utc), &wall_ms), ERR_OK);
    assert_int_equal(local_time_format(wall_ms, &local), ERR_OK);
    assert_string_equal(local.date, date);
    assert_string_equal(local.time, time);
}

static void time_is_that_of_the_country(void **state) {
    (void)state;
    assert_int_equal(local_time_open("Africa/Casablanca"), ERR_OK);
    assert_local("2025-01-15T22:30:00.000Z", "15-01-2025", "23:30");
    assert_local("2025-12-31T23:59:59.999Z", "01-01-2026", "00:59");
}

static void in_ramadan_the_clock_stands_an_hour_back(void **state) {
    (void)state;
    assert_int_equal(local_time_open("Africa/Casablanca"), ERR_OK);
    assert_local("2025-03-15T22:30:00.000Z", "15-03-2025", "22:30");
}

static void a_zone_that_does_not_exist_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "Africa/Atlantis", "/etc/localtime", "UTC;rm",
                                        "../zoneinfo/UTC"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(local_time_open(wrong[i]), ERR_CONFIG);
}

static void a_time_without_a_date_of_ten_characters_is_refused(void **state) {
    (void)state;
    struct local_time local;
    assert_int_equal(local_time_open("UTC"), ERR_OK);
    assert_int_equal(local_time_format(-1, &local), ERR_TOO_LARGE);
    assert_int_equal(local_time_format(INT64_MAX, &local), ERR_TOO_LARGE);
    assert_string_equal(local.date, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_that_of_the_country),
        cmocka_unit_test(in_ramadan_the_clock_stands_an_hour_back),
        cmocka_unit_test(a_zone_that_does_not_exist_is_refused),
        cmocka_unit_test(a_time_without_a_date_of_ten_characters_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
