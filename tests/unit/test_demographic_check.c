#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/demographic_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct demographic_rules rules = {.language_count = 3,
                                               .languages = {"ara", "fra", "eng"}};
static struct payload *payload;
static struct demographic_verdict verdict;

static const char *check(void) {
    memset(&verdict, 0x55, sizeof verdict);
    demographic_check(payload, &rules, &verdict);
    return sample_text(&verdict);
}

static const char *check_one(const char *name, const char *language, const char *value) {
    payload = sample_payload();
    sample_send(name, language, value);
    return check();
}

static const char *check_two(const char *name, const char *first, const char *second) {
    payload = sample_payload();
    sample_send(name, first, "1");
    sample_send(name, second, "1");
    return check();
}

static const char *const by_language[] = {
    "name",      "gender",    "dobType",   "addressLine1", "addressLine2", "addressLine3",
    "location1", "location2", "location3", "location4",    "fullAddress",
};

static void a_request_without_demographics_passes(void **state) {
    (void)state;
    payload = sample_payload();
    assert_string_equal(check(), "");
    assert_true(verdict.passed);
}

static void demographics_that_are_not_readable_are_refused(void **state) {
    (void)state;
    payload = sample_payload();
    payload->has_demographics = payload->demographics_malformed = true;
    assert_string_equal(check(), "IDA-MLC-009 demographics");
}

static void every_member_of_a_language_needs_one(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(by_language); i++) {
        assert_string_equal(check_one(by_language[i], "fra", "A"), "");
        assert_string_equal(check_one(by_language[i], NULL, "A"), "IDA-MLC-006 LanguageCode");
        assert_string_equal(check_one(by_language[i], "", "A"), "IDA-MLC-006 LanguageCode");
        payload->demographics[0].language_presence = FIELD_NULL;
        assert_string_equal(check(), "IDA-MLC-006 LanguageCode");
    }
}

static void a_language_must_be_one_of_the_countrys(void **state) {
    (void)state;
    static const char *const codes[] = {"deu", "zgh", "FRA"};
    for (size_t i = 0; i < COUNT_OF(by_language); i++) {
        for (size_t j = 0; j < COUNT_OF(codes); j++) {
            char expected[32];
            snprintf(expected, sizeof expected, "IDA-DEA-002 %s", codes[j]);
            assert_string_equal(check_one(by_language[i], codes[j], "A"), expected);
        }
    }
    assert_string_equal(check_one("motherName", "deu", "A"), "IDA-DEA-002 deu");
    assert_string_equal(check_one("motherName", "fra", "A"), "");
}

static void what_is_no_code_is_not_repeated(void **state) {
    (void)state;
    static const char *const texts[] = {"fr", "fran", "f\na", "\xd8\xa3", "f a", "123", "fr\x1b"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(check_one("name", texts[i], "A"), "IDA-DEA-002 LanguageCode");
    (void)check_one("name", NULL, "A");
    payload->demographics[0].language_presence = FIELD_TOO_LONG;
    assert_string_equal(check(), "IDA-DEA-002 LanguageCode");
}

static void a_language_may_have_one_value(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(by_language); i++) {
        assert_string_equal(check_two(by_language[i], "fra", "ara"), "");
        assert_string_equal(check_two(by_language[i], "fra", "fra"), "IDA-MLC-009 LanguageCode");
    }
    assert_string_equal(check_two("motherName", "fra", "ara"), "");
    assert_string_equal(check_two("motherName", "fra", "fra"), "IDA-MLC-009 LanguageCode");
    assert_string_equal(check_two("motherName", NULL, NULL), "IDA-MLC-009 LanguageCode");
    payload = sample_payload();
    sample_send("name", "fra", "A");
    sample_send("gender", "fra", "A");
    assert_string_equal(check(), "");
}

/* Or one attempt would be several guesses. */
static void the_names_of_an_attribute_share_one_value(void **state) {
    (void)state;
    static const struct {
        const char *first, *first_language, *second, *second_language, *problem;
    } samples[] = {
        {"name", "fra", "fullName", "fra", "IDA-MLC-009 LanguageCode"},
        {"name", "fra", "fullName", NULL, "IDA-MLC-009 LanguageCode"},
        {"fullName", NULL, "name", "ara", "IDA-MLC-009 LanguageCode"},
        {"name", "fra", "fullName", "ara", ""},
        {"location1", "fra", "city", "fra", "IDA-MLC-009 LanguageCode"},
        {"location1", "fra", "location3", "fra", ""},
        {"motherName", NULL, "motherName", "fra", "IDA-MLC-009 LanguageCode"},
        {"phoneNumber", NULL, "phone", NULL, "IDA-MLC-009 phone"},
        {"email", NULL, "emailId", NULL, "IDA-MLC-009 emailId"},
        {"phoneNumber", NULL, "emailId", NULL, ""},
    };
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        (void)check_one(samples[i].first, samples[i].first_language, "A");
        sample_send(samples[i].second, samples[i].second_language, "A");
        assert_string_equal(check(), samples[i].problem);
    }
    (void)check_one("dob", NULL, "1980/06/15");
    sample_send("dateOfBirth", NULL, "1980/06/16");
    assert_string_equal(check(), "IDA-MLC-009 dateOfBirth");
    (void)check_one("dob", NULL, "1980/06/15");
    sample_send("age", NULL, "40");
    assert_string_equal(check(), "");
}

static void other_members_have_one_value_without_a_language(void **state) {
    (void)state;
    static const char *const one_value[] = {"phoneNumber", "emailId", "postalCode", "age",
                                            "preferredLanguage"};
    for (size_t i = 0; i < COUNT_OF(one_value); i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "IDA-MLC-009 %s", one_value[i]);
        assert_string_equal(check_one(one_value[i], NULL, "1"), "");
        assert_string_equal(check_one(one_value[i], "", "1"), "");
        assert_string_equal(check_one(one_value[i], "fra", "1"), expected);
        assert_string_equal(check_two(one_value[i], NULL, NULL), expected);
        (void)check_one(one_value[i], NULL, "1");
        payload->demographics[0].language_presence = FIELD_TOO_LONG;
        assert_string_equal(check(), expected);
    }
}

static void a_date_of_birth_is_a_day(void **state) {
    (void)state;
    assert_string_equal(check_one("dob", NULL, "1980/06/15"), "");
    assert_string_equal(check_one("dateOfBirth", NULL, "1980/06/15"), "");
    static const char *const wrong[] = {"1980-06-15", "15/06/1980", "1980/02/30", "1980", " "};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_string_equal(check_one("dob", NULL, wrong[i]), "IDA-MLC-009 dob");
        assert_string_equal(check_one("dateOfBirth", NULL, wrong[i]), "IDA-MLC-009 dateOfBirth");
    }
}

static void an_age_is_a_positive_number(void **state) {
    (void)state;
    assert_string_equal(check_one("age", NULL, "18"), "");
    static const char *const wrong[] = {"0", "-3", "abc", "18.5", " ", "99999999999999"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_string_equal(check_one("age", NULL, wrong[i]), "IDA-MLC-009 age");
}

static void a_full_address_comes_without_its_parts(void **state) {
    (void)state;
    static const struct {
        const char *name, *language;
    } parts[] = {
        {"addressLine1", "fra"}, {"addressLine2", "fra"}, {"addressLine3", "ara"},
        {"location1", "fra"},    {"location2", "fra"},    {"location3", "fra"},
        {"location4", "fra"},    {"postalCode", NULL},    {"city", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        (void)check_one("fullAddress", "fra", "A");
        sample_send(parts[i].name, parts[i].language, "A");
        assert_string_equal(check(), "IDA-MLC-013 fullAddress");
        (void)check_one(parts[i].name, parts[i].language, "A");
        sample_send("name", "fra", "A");
        assert_string_equal(check(), "");
    }
    (void)check_one("fullAddress", "fra", "A");
    sample_send("fullAddress", "ara", "A");
    sample_send("name", "ara", "A");
    assert_string_equal(check(), "");
}

static void every_problem_is_told_once(void **state) {
    (void)state;
    (void)check_one("name", NULL, "A");
    sample_send("gender", NULL, "A");
    sample_send("dob", NULL, "never");
    sample_send("age", NULL, "old");
    sample_send("motherName", "deu", "A");
    assert_string_equal(check(), "IDA-MLC-006 LanguageCode, IDA-MLC-009 dob, IDA-MLC-009 age, "
                                 "IDA-DEA-002 deu");
}

static void more_problems_than_there_is_room_for_are_still_a_no(void **state) {
    (void)state;
    payload = sample_payload();
    for (size_t i = 0; i < PAYLOAD_DEMOGRAPHICS_MAX; i++) {
        char language[4] = {'x', (char)('a' + i / 26), (char)('a' + i % 26), '\0'};
        sample_send("name", language, "A");
    }
    (void)check();
    assert_int_equal(verdict.problem_count, DEMOGRAPHIC_PROBLEMS_MAX);
    assert_false(verdict.passed);
}

static void without_languages_none_is_supported(void **state) {
    (void)state;
    static const struct demographic_rules none = {.language_count = 0};
    (void)check_one("name", "fra", "A");
    demographic_check(payload, &none, &verdict);
    assert_string_equal(sample_text(&verdict), "IDA-DEA-002 fra");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_demographics_passes),
        cmocka_unit_test(demographics_that_are_not_readable_are_refused),
        cmocka_unit_test(every_member_of_a_language_needs_one),
        cmocka_unit_test(a_language_must_be_one_of_the_countrys),
        cmocka_unit_test(what_is_no_code_is_not_repeated),
        cmocka_unit_test(a_language_may_have_one_value),
        cmocka_unit_test(the_names_of_an_attribute_share_one_value),
        cmocka_unit_test(other_members_have_one_value_without_a_language),
        cmocka_unit_test(a_date_of_birth_is_a_day),
        cmocka_unit_test(an_age_is_a_positive_number),
        cmocka_unit_test(a_full_address_comes_without_its_parts),
        cmocka_unit_test(every_problem_is_told_once),
        cmocka_unit_test(more_problems_than_there_is_room_for_are_still_a_no),
        cmocka_unit_test(without_languages_none_is_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
