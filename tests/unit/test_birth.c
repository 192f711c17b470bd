#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/birth.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct identity born(int year, int month, int day) {
    return (struct identity){
        .birth_year = (int16_t)year, .birth_month = (uint8_t)month, .birth_day = (uint8_t)day};
}

static void a_day_that_exists_is_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct birth_day day;
    } samples[] = {
        {"1980/01/02", {1980, 1, 2}},  {"2000/02/29", {2000, 2, 29}},
        {"2024/02/29", {2024, 2, 29}}, {"1999/12/31", {1999, 12, 31}},
        {"١٩٨٠/٠١/٠٢", {1980, 1, 2}},  {"0001/01/01", {1, 1, 1}},
    };
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct birth_day day;
        assert_int_equal(birth_parse_day(bytes_of_text(samples[i].text), &day), ERR_OK);
        assert_memory_equal(&day, &samples[i].day, sizeof day);
    }
}

static void what_is_no_day_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "1980",
                                        "1980-01-02",
                                        "1980/1/2",
                                        "02/01/1980",
                                        "1980/13/01",
                                        "1980/00/01",
                                        "1980/01/00",
                                        "1980/01/32",
                                        "1980/04/31",
                                        "1900/02/29",
                                        "2023/02/29",
                                        "0000/01/01",
                                        "1980/01/02 ",
                                        " 1980/01/02",
                                        "1980/01/021",
                                        "19800/1/02",
                                        "+980/01/02",
                                        "1980/01/0a",
                                        "1980/01",
                                        "1980/01/02T00:00:00Z",
                                        "\xff\xff\xff\xff/01/02",
                                        "19/80/0102",
                                        "1980//1/02"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct birth_day day = {1, 1, 1};
        assert_int_equal(birth_parse_day(bytes_of_text(wrong[i]), &day), ERR_MALFORMED);
        assert_int_equal(day.year, 0);
    }
    static char longest[600];
    struct birth_day day;
    memset(longest, '1', sizeof longest);
    assert_int_equal(birth_parse_day(bytes_of(longest, sizeof longest), &day), ERR_MALFORMED);
}

static void an_age_is_a_positive_number(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int age;
    } samples[] = {{"1", 1}, {"42", 42}, {"007", 7}, {"٤٢", 42}, {"999999999", 999999999}};
    static const char *const wrong[] = {"",
                                        "0",
                                        "000",
                                        "-1",
                                        "+1",
                                        "1.5",
                                        "1 ",
                                        " 1",
                                        "x",
                                        "4294967338",
                                        "1e2",
                                        "0x10",
                                        "½",
                                        "\xff",
                                        "11111111111111111111111111111111111111111"
                                        "11111111111111111111111111111111111111111"};
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        int age = 0;
        assert_int_equal(birth_parse_age(bytes_of_text(samples[i].text), &age), ERR_OK);
        assert_int_equal(age, samples[i].age);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        int age = 7;
        assert_int_equal(birth_parse_age(bytes_of_text(wrong[i]), &age), ERR_MALFORMED);
    }
}

static void a_day_matches_itself_alone(void **state) {
    (void)state;
    struct identity identity = born(1980, 1, 2), year_only = born(1980, 0, 0);
    struct identity unknown = born(0, 0, 0);
    assert_true(birth_is_day(&identity, (struct birth_day){1980, 1, 2}));
    assert_false(birth_is_day(&identity, (struct birth_day){1980, 1, 3}));
    assert_false(birth_is_day(&identity, (struct birth_day){1980, 2, 2}));
    assert_false(birth_is_day(&identity, (struct birth_day){1981, 1, 2}));
    assert_false(birth_is_day(&identity, (struct birth_day){0}));
    assert_false(birth_is_day(&year_only, (struct birth_day){1980, 0, 0}));
    assert_false(birth_is_day(&year_only, (struct birth_day){1980, 1, 1}));
    assert_false(birth_is_day(&unknown, (struct birth_day){0}));
}

static void years_are_completed_on_the_birthday(void **state) {
    (void)state;
    static const struct {
        int born[3];
        struct birth_day today;
        int age;
    } samples[] = {
        {{1980, 6, 15}, {2024, 6, 14}, 43}, {{1980, 6, 15}, {2024, 6, 15}, 44},
        {{1980, 6, 15}, {2024, 7, 1}, 44},  {{1980, 6, 15}, {2024, 5, 31}, 43},
        {{2000, 2, 29}, {2023, 2, 28}, 22}, {{2000, 2, 29}, {2023, 3, 1}, 23},
        {{1980, 0, 0}, {2024, 12, 30}, 43}, {{1980, 0, 0}, {2024, 12, 31}, 44},
        {{0, 0, 0}, {2024, 1, 1}, -1},      {{2024, 1, 1}, {2024, 1, 1}, 0},
    };
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct identity identity = born(samples[i].born[0], samples[i].born[1], samples[i].born[2]);
        assert_int_equal(birth_age(&identity, samples[i].today), samples[i].age);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_that_exists_is_read),
        cmocka_unit_test(what_is_no_day_is_refused),
        cmocka_unit_test(an_age_is_a_positive_number),
        cmocka_unit_test(a_day_matches_itself_alone),
        cmocka_unit_test(years_are_completed_on_the_birthday),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
