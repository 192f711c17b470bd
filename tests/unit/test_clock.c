#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "firmware/base/clock.h"

#define MS_PER_DAY INT64_C(86400000)

static void assert_parses(const char *text, int64_t expected) {
    int64_t wall_ms = -1;
    if (clock_parse_millis(bytes_of_text(text), &wall_ms) != ERR_OK || wall_ms != expected)
        fail_msg("%s is %lld, not %lld", text, (long long)wall_ms, (long long)expected);
}

static void assert_refused(struct bytes text) {
    int64_t wall_ms = -1;
    if (clock_parse_millis(text, &wall_ms) != ERR_MALFORMED || wall_ms != 0)
        fail_msg("%.*s was accepted", (int)text.len, (const char *)text.data);
}

/* The numbers are those of `date -u -d … +%s`. */
static void times_of_every_zone_are_the_same_instant(void **state) {
    (void)state;
    assert_parses("1970-01-01T00:00:00.000Z", 0);
    assert_parses("1969-12-31T23:59:59.999Z", -1);
    assert_parses("2024-01-15T10:20:30.123Z", 1705314030123);
    assert_parses("2024-01-15T10:20:30.123+00:00", 1705314030123);
    assert_parses("2024-01-15T10:20:30.123-00:00", 1705314030123);
    assert_parses("2024-01-15T11:20:30.123+01:00", 1705314030123);
    assert_parses("2024-01-15T15:50:30.123+05:30", 1705314030123);
    assert_parses("2024-01-14T16:20:30.123-18:00", 1705314030123);
    assert_parses("2024-02-29T00:00:00.000Z", 1709164800000);
    assert_parses("2000-02-29T00:00:00.000Z", 951782400000);
    assert_parses("0001-01-01T00:00:00.000Z", -62135596800000);
    assert_parses("9999-12-31T23:59:59.999Z", 253402300799999);
}

static void impossible_dates_and_times_are_refused(void **state) {
    (void)state;
    const char *const refused[] = {
        "2023-02-29T00:00:00.000Z",      "1900-02-29T00:00:00.000Z",
        "2024-02-30T00:00:00.000Z",      "2024-04-31T00:00:00.000Z",
        "2024-13-01T00:00:00.000Z",      "2024-00-01T00:00:00.000Z",
        "2024-01-00T00:00:00.000Z",      "2024-01-32T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",      "2024-01-15T24:00:00.000Z",
        "2024-01-15T10:60:00.000Z",      "2024-01-15T10:20:60.000Z",
        "2024-01-15T10:20:30.123+18:01", "2024-01-15T10:20:30.123+19:00",
        "2024-01-15T10:20:30.123+01:60",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(bytes_of_text(refused[i]));
}

static void any_other_form_is_refused(void **state) {
    (void)state;
    const char *const refused[] = {
        "",
        "2024-01-15",
        "2024-01-15T10:20:30Z",
        "2024-01-15T10:20:30.12Z",
        "2024-01-15T10:20:30.1234Z",
        "2024-01-15T10:20:30.123",
        "2024-01-15T10:20:30.123z",
        "2024-01-15t10:20:30.123Z",
        "2024-01-15 10:20:30.123Z",
        "2024-01-15T10:20:30,123Z",
        "2024-01-15T10:20:30.123+0100",
        "2024-01-15T10:20:30.123+01",
        "2024-01-15T10:20:30.123 01:00",
        "2024-01-15T10:20:30.123Z ",
        " 2024-01-15T10:20:30.123Z",
        "2024-01-15T10:20:30.123ZZ",
        "2024-1-15T10:20:30.123Z",
        "+024-01-15T10:20:30.123Z",
        "-024-01-15T10:20:30.123Z",
        "2024-01-15T-1:20:30.123Z",
        "20240115T102030.123Z",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(bytes_of_text(refused[i]));
    assert_refused(bytes_of("2024-01-15T10:20:30.123Z", 25)); /* the zero belongs to the text */
}

static void every_cut_and_every_changed_character_class_is_refused(void **state) {
    (void)state;
    const char *whole = "2024-01-15T10:20:30.123+01:00";
    for (size_t len = 0; len < strlen(whole); len++)
        assert_refused(bytes_of(whole, len));
    for (size_t place = 0; place < strlen(whole); place++) {
        char changed[32];
        (void)snprintf(changed, sizeof changed, "%s", whole);
        changed[place] = 'x';
        assert_refused(bytes_of_text(changed));
        changed[place] = (char)0xb2;
        assert_refused(bytes_of_text(changed));
    }
}

/* The C library's calendar as the oracle, each day from the year 1 to 9999. */
static void every_day_agrees_with_the_c_library(void **state) {
    (void)state;
    for (int64_t day = -719162; day <= 2932896; day++) {
        time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm expected;
        assert_non_null(gmtime_r(&seconds, &expected));
        int year, month, day_of_month;
        clock_date((int64_t)seconds * 1000 + 999, &year, &month, &day_of_month);
        if (year != expected.tm_year + 1900 || month != expected.tm_mon + 1 ||
            day_of_month != expected.tm_mday)
            fail_msg("day %lld", (long long)day);
    }
}

static void what_is_formatted_parses_to_the_same_instant(void **state) {
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 100000; round++) {
        int64_t day = -719162 + (int64_t)(rand_r(&seed) % 3652059);
        int64_t wall_ms = day * MS_PER_DAY + rand_r(&seed) % MS_PER_DAY;
        char text[CLOCK_TEXT_SIZE];
        clock_format_millis(wall_ms, text);
        assert_int_equal(strlen(text), 24);
        assert_parses(text, wall_ms);
    }
    char text[CLOCK_TEXT_SIZE];
    clock_format_millis(1705314030123, text);
    assert_string_equal(text, "2024-01-15T10:20:30.123Z");
}

static void an_instant_outside_the_calendar_is_still_a_text(void **state) {
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_format_millis(INT64_MAX, text);
    assert_memory_equal(text, "9999-12-31", 10);
    clock_format_millis(INT64_MIN, text);
    assert_memory_equal(text, "0001-01-01", 10);
}

static void the_clocks_agree_with_the_kernel_and_do_not_go_back(void **state) {
    (void)state;
    struct timespec now;
    int64_t boot_before_ms = clock_boot_ms();
    int64_t boot_ns = clock_boot_ns();
    assert_true(boot_ns / 1000000 >= boot_before_ms);
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    assert_true((int64_t)now.tv_sec * 1000000000 + now.tv_nsec >= boot_ns);
    assert_true(now.tv_sec - boot_ns / 1000000000 <= 60);
    assert_true(llabs(clock_wall_ms() - (int64_t)time(NULL) * 1000) <= 60000);
}

static void the_boot_id_is_the_kernels_and_stays(void **state) {
    (void)state;
    uint8_t id[CLOCK_BOOT_ID_BYTES], again[CLOCK_BOOT_ID_BYTES];
    assert_int_equal(clock_boot_id(id), ERR_OK);
    assert_int_equal(clock_boot_id(again), ERR_OK);
    assert_memory_equal(id, again, sizeof id);

    char expected[64], text[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    assert_non_null(file);
    assert_non_null(fgets(expected, sizeof expected, file));
    (void)fclose(file);
    size_t len = 0;
    for (size_t i = 0; i < sizeof id; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%02x", dash, id[i]);
    }
    expected[strcspn(expected, "\n")] = '\0';
    assert_string_equal(text, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_every_zone_are_the_same_instant),
        cmocka_unit_test(impossible_dates_and_times_are_refused),
        cmocka_unit_test(any_other_form_is_refused),
        cmocka_unit_test(every_cut_and_every_changed_character_class_is_refused),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(what_is_formatted_parses_to_the_same_instant),
        cmocka_unit_test(an_instant_outside_the_calendar_is_still_a_text),
        cmocka_unit_test(the_clocks_agree_with_the_kernel_and_do_not_go_back),
        cmocka_unit_test(the_boot_id_is_the_kernels_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
