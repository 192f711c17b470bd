#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/normalise.h"
#include "tests/unit/demographic_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct birth_day today = {2024, 6, 14};
static struct payload *payload;
static struct identity person;
static struct demographic_verdict verdict;

static int begin(void **state) {
    (void)state;
    person = *sample_person();
    payload = sample_payload();
    return 0;
}

static const char *match(void) {
    memset(&verdict, 0x55, sizeof verdict);
    demographic_match(payload, &person, today, &verdict);
    return sample_text(&verdict);
}

static const char *match_one(const char *name, const char *language, const char *value) {
    payload = sample_payload();
    sample_send(name, language, value);
    return match();
}

struct sample {
    const char *name, *language, *value, *problem; /* problem "": it matches */
};

static void assert_samples(const struct sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *found = match_one(samples[i].name, samples[i].language, samples[i].value);
        if (strcmp(found, samples[i].problem) != 0)
            print_error("%s %s\n", samples[i].name, samples[i].value);
        assert_string_equal(found, samples[i].problem);
        assert_int_equal(verdict.passed, samples[i].problem[0] == '\0');
    }
}

static void a_name_matches_in_any_order_of_its_words(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"name", "fra", "Fatima Aït Hammou", ""},
        {"name", "fra", "HAMMOU AÏT, Fatima", ""},
        {"name", "fra", "Mme Fatima Aït-Hammou", ""},
        {"name", "fra", "Fatima Ai\u0308t Hammou", ""},
        {"name", "ara", "فاطمة أيت حمو", ""},
        {"name", "ara", "فَاطِمَه ايت حمـــو", ""},
        {"name", "ara", "السيدة فاطمة أيت حمو", ""},
        {"name", "eng", "Mrs. Hammu, Fatima Ait", ""},
        {"fullName", "fra", "Hammou Aït Fatima", ""}, /* by its stored name */
        {"fullName", NULL, "Fatima Ait Hammu", ""},
    };
    assert_samples(samples, COUNT_OF(samples));
}

static void another_name_does_not_match(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"name", "fra", "Fatima Hammou", "IDA-DEA-001 name in fra"},
        {"name", "fra", "Fatima Aït Hammou Hammou", "IDA-DEA-001 name in fra"},
        {"name", "fra", "Fatima Aït Hammo", "IDA-DEA-001 name in fra"},
        {"name", "fra", "F. Aït Hammou", "IDA-DEA-001 name in fra"},
        {"name", "fra", "Fatima AïtHammou", "IDA-DEA-001 name in fra"},
        {"name", "fra", "Fatima Ait Hammou", "IDA-DEA-001 name in fra"},
        {"name", "ara", "Fatima Aït Hammou", "IDA-DEA-001 name in ara"},
        {"name", "ara", "فاطمة", "IDA-DEA-001 name in ara"},
        {"name", "fra", "", "IDA-DEA-001 name in fra"},
        {"name", "fra", "Mme", "IDA-DEA-001 name in fra"},
        {"name", "fra", ".", "IDA-DEA-001 name in fra"},
        {"name", "fra", "\xff", "IDA-DEA-001 name in fra"},
        {"name", "zgh", "ⴼⴰⵟⵉⵎⴰ", "IDA-DEA-003 name in zgh"},
    };
    assert_samples(samples, COUNT_OF(samples));
}

static void a_gender_and_a_place_match_exactly(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"gender", "fra", "FÉMININ", ""},
        {"gender", "ara", "انثي", ""},
        {"gender", "eng", "female", ""},
        {"gender", "fra", "Masculin", "IDA-DEA-001 gender in fra"},
        {"gender", "eng", "F", "IDA-DEA-001 gender in eng"},
        {"gender", "zgh", "ⵜⴰⵡⵜⵎⵜ", "IDA-DEA-003 gender in zgh"},
        {"dobType", "fra", "déclaré", ""},
        {"dobType", "fra", "Vérifié", "IDA-DEA-001 dobType in fra"},
        {"dobType", "ara", "مصرح", "IDA-DEA-003 dobType in ara"},
        {"location1", "fra", "salé", ""},
        {"location1", "ara", "سلا", ""},
        {"city", "eng", "SALE", ""},
        {"location1", "fra", "Fès", "IDA-DEA-001 location1 in fra"},
        {"location2", "fra", "Rabat Salé Kénitra", ""},
        {"location2", "fra", "Kénitra Salé Rabat", "IDA-DEA-001 location2 in fra"},
        {"location2", "eng", "Rabat", "IDA-DEA-003 location2 in eng"},
        {"location3", "fra", "Salé", ""},
        {"location3", "fra", "Rabat", "IDA-DEA-001 location3 in fra"},
        {"location4", "fra", "nord", ""},
        {"location4", "fra", "sud", "IDA-DEA-001 location4 in fra"},
        {"location5", "fra", "nord", "IDA-DEA-003 location5 in fra"},
        {"postalCode", NULL, "11000", ""},
        {"postalCode", NULL, "١١٠٠٠", ""},
        {"postalCode", NULL, "11001", "IDA-DEA-001 postalCode"},
        {"postalCode", NULL, "1100", "IDA-DEA-001 postalCode"},
    };
    assert_samples(samples, COUNT_OF(samples));
}

static void a_line_of_an_address_matches_in_its_short_forms(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"addressLine1", "fra", "N°12 Av. de la Mer", ""},
        {"addressLine1", "fra", "avenue de la Mer, 12", ""},
        {"addressLine1", "ara", "12 ش. البحر", ""},
        {"addressLine1", "eng", "No. 12, Sea St", ""},
        {"addressLine2", "fra", "hay al-amal", ""},
        {"addressLine3", "fra", "2ème étage", ""},
        {"addressLine1", "fra", "13 avenue de la Mer", "IDA-DEA-001 addressLine1 in fra"},
        {"addressLine1", "fra", "12 rue de la Mer", "IDA-DEA-001 addressLine1 in fra"},
        {"addressLine1", "fra", "12 avenue", "IDA-DEA-001 addressLine1 in fra"},
        {"addressLine2", "ara", "حي الأمل", "IDA-DEA-003 addressLine2 in ara"},
        {"addressLine3", "eng", "2nd floor", "IDA-DEA-003 addressLine3 in eng"},
    };
    assert_samples(samples, COUNT_OF(samples));
}

#define WHOLE_FRENCH "12, avenue de la Mer,Hay Al Amal,étage 2,Salé,Rabat-Salé-Kénitra,Salé,11000"

static void a_full_address_is_all_its_parts_together(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"fullAddress", "fra", WHOLE_FRENCH, ""},
        {"fullAddress", "fra",
         "Hay Al Amal, 2e étage, N°12 av. de la Mer, 11000 Salé, Rabat Salé "
         "Kénitra - Salé",
         ""},
        {"fullAddress", "ara", "شارع البحر رقم ١٢، سلا، 11000", ""},
        {"fullAddress", "fra", WHOLE_FRENCH ",Nord", "IDA-DEA-001 fullAddress in fra"},
        {"fullAddress", "fra", "12, avenue de la Mer,Hay Al Amal,étage 2,Salé,11000",
         "IDA-DEA-001 fullAddress in fra"},
        {"fullAddress", "fra", "12, avenue de la Mer", "IDA-DEA-001 fullAddress in fra"},
        {"fullAddress", "fra", "", "IDA-DEA-001 fullAddress in fra"},
        {"fullAddress", "ara", "شارع البحر رقم ١٢، سلا", "IDA-DEA-001 fullAddress in ara"},
        {"fullAddress", "zgh", "11000", "IDA-DEA-003 fullAddress in zgh"},
    };
    assert_samples(samples, COUNT_OF(samples));
}

static void a_full_address_too_long_to_compare_does_not_match(void **state) {
    (void)state;
    static char line[NORMALISE_MAX];
    memset(line, 'a', sizeof line);
    for (size_t i = 0; i < person.attribute_count; i++)
        if (bytes_equal_text(person.attributes[i].name, "addressLine2"))
            person.attributes[i].value = bytes_of(line, sizeof line);
    assert_string_equal(match_one("fullAddress", "fra", WHOLE_FRENCH),
                        "IDA-DEA-001 fullAddress in fra");
}

static void a_date_of_birth_is_the_exact_day(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"dob", NULL, "1980/06/15", ""},
        {"dateOfBirth", NULL, "1980/06/15", ""},
        {"dob", NULL, "١٩٨٠/٠٦/١٥", ""},
        {"dob", NULL, "1980/06/14", "IDA-DEA-001 dob"},
        {"dob", NULL, "1980/05/15", "IDA-DEA-001 dob"},
        {"dob", NULL, "1981/06/15", "IDA-DEA-001 dob"},
        {"dob", NULL, "1980", "IDA-DEA-001 dob"},
        {"dob", NULL, "1980-06-15", "IDA-DEA-001 dob"},
    };
    assert_samples(samples, COUNT_OF(samples));
    person.birth_month = person.birth_day = 0;
    assert_string_equal(match_one("dob", NULL, "1980/06/15"), "IDA-DEA-001 dob");
    assert_string_equal(match_one("dob", NULL, "1980/01/01"), "IDA-DEA-001 dob");
    assert_string_equal(match_one("dob", NULL, "1980/00/00"), "IDA-DEA-001 dob");
    person.birth_year = 0;
    assert_string_equal(match_one("dob", NULL, "1980/06/15"), "IDA-DEA-003 dob");
}

static void an_age_up_to_the_persons_matches(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"age", NULL, "43", ""},
        {"age", NULL, "18", ""},
        {"age", NULL, "1", ""},
        {"age", NULL, "44", "IDA-DEA-001 age"}, /* the birthday is tomorrow */
        {"age", NULL, "999999999", "IDA-DEA-001 age"},
        {"age", NULL, "0", "IDA-DEA-001 age"},
        {"age", NULL, "-1", "IDA-DEA-001 age"},
        {"age", NULL, "x", "IDA-DEA-001 age"},
    };
    assert_samples(samples, COUNT_OF(samples));
    person.birth_month = person.birth_day = 0;
    assert_string_equal(match_one("age", NULL, "43"), "");
    assert_string_equal(match_one("age", NULL, "44"), "IDA-DEA-001 age");
    person.birth_year = 0;
    assert_string_equal(match_one("age", NULL, "1"), "IDA-DEA-003 age");
    person.birth_year = 2024; /* of someone not yet one year old no age matches */
    assert_string_equal(match_one("age", NULL, "1"), "IDA-DEA-001 age");
}

static void phone_and_email_match_in_their_own_forms(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"phoneNumber", NULL, "+212612345678", ""},
        {"phoneNumber", NULL, "06 12 34 56 78", ""},
        {"phone", NULL, "00212612345678", ""},
        {"phoneNumber", NULL, "0612345679", "IDA-DEA-001 phoneNumber"},
        {"phoneNumber", NULL, "612345678", "IDA-DEA-001 phoneNumber"},
        {"phoneNumber", NULL, "", "IDA-DEA-001 phoneNumber"},
        {"emailId", NULL, "fatima.1@Example.org", ""},
        {"email", NULL, "fatima.1@example.org", ""},
        {"emailId", NULL, "fatima.2@example.org", "IDA-DEA-001 emailId"},
        {"emailId", NULL, "", "IDA-DEA-001 emailId"},
        {"preferredLanguage", NULL, "ara", ""},
        {"preferredLang", NULL, "ara", ""},
        {"preferredLanguage", NULL, "fra", "IDA-DEA-001 preferredLanguage"},
    };
    assert_samples(samples, COUNT_OF(samples));
    person.phone[0] = person.email[0] = person.language[0] = '\0';
    assert_string_equal(match_one("phoneNumber", NULL, ""), "IDA-DEA-003 phoneNumber");
    assert_string_equal(match_one("emailId", NULL, ""), "IDA-DEA-003 emailId");
    assert_string_equal(match_one("preferredLanguage", NULL, ""), "IDA-DEA-003 preferredLanguage");
}

static void any_other_member_is_compared_with_what_is_stored_by_its_name(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"residenceStatus", "fra", "résident", ""},
        {"residenceStatus", NULL, "مقيم", ""},
        {"residenceStatus", NULL, "Résident", ""},
        {"residenceStatus", NULL, "Étranger", "IDA-DEA-001 residenceStatus"},
        {"motherName", "fra", "TOUDA RIFI", ""},
        {"motherName", "fra", "Rifi Touda", "IDA-DEA-001 motherName in fra"},
        {"motherName", "ara", "تودة", "IDA-DEA-003 motherName in ara"},
        {"cnie", NULL, "ab123456", ""},
        {"cnie", "fra", "AB123456", ""}, /* stored without a language: for each */
        {"cnie", NULL, "AB123457", "IDA-DEA-001 cnie"},
        {"shoeSize", NULL, "42", "IDA-DEA-003 shoeSize"},
        {"uin", NULL, "5938714605", "IDA-DEA-003 uin"},
        {"token", NULL, "", "IDA-DEA-003 token"},
        {"", NULL, "", "IDA-DEA-003 "},
    };
    memcpy(person.uin, "5938714605", sizeof "5938714605");
    assert_samples(samples, COUNT_OF(samples));
}

static void all_members_must_match_and_all_that_do_not_are_told(void **state) {
    (void)state;
    sample_send("name", "fra", "Fatima Aït Hammou");
    sample_send("name", "ara", "فاطمة أيت حمو");
    sample_send("gender", "fra", "Féminin");
    sample_send("dob", NULL, "1980/06/15");
    sample_send("fullAddress", "fra", WHOLE_FRENCH);
    assert_string_equal(match(), "");
    assert_true(verdict.passed);
    sample_send("phoneNumber", NULL, "0699999999");
    assert_string_equal(match(), "IDA-DEA-001 phoneNumber");
    payload->demographics[1].value = bytes_of_text("أمينة أيت حمو");
    payload->demographics[2].language[0] = 'z';
    assert_string_equal(match(), "IDA-DEA-001 name in ara, IDA-DEA-003 gender in zra, "
                                 "IDA-DEA-001 phoneNumber");
}

static void nothing_to_compare_is_no(void **state) {
    (void)state;
    assert_string_equal(match(), "no");
    sample_send("dob", NULL, "1980/06/15");
    payload->demographics_malformed = true;
    assert_string_equal(match(), "no");
    assert_false(verdict.passed);
    payload->demographics_malformed = false;
    assert_string_equal(match(), "");
    person.attribute_count = 0;
    assert_string_equal(match_one("name", "fra", "Fatima Aït Hammou"), "IDA-DEA-003 name in fra");
    assert_string_equal(match_one("fullAddress", "fra", "x"), "IDA-DEA-003 fullAddress in fra");
}

/* What demographic_check refuses does not match either, whoever forgot to ask it. */
static void a_value_without_its_language_does_not_match(void **state) {
    (void)state;
    assert_string_equal(match_one("name", NULL, "Fatima Aït Hammou"), "IDA-DEA-001 name");
    assert_string_equal(match_one("fullAddress", NULL, "11000"), "IDA-DEA-001 fullAddress");
    assert_string_equal(match_one("postalCode", "fra", "11000"), "IDA-DEA-001 postalCode in fra");
    assert_string_equal(match_one("dob", "fra", "1980/06/15"), "IDA-DEA-001 dob in fra");
    (void)match_one("cnie", NULL, "AB123456");
    payload->demographics[0].language_presence = FIELD_TOO_LONG;
    assert_string_equal(match(), "IDA-DEA-001 cnie");
    (void)match_one("postalCode", NULL, "11000");
    payload->demographics[0].language_presence = FIELD_TOO_LONG;
    assert_string_equal(match(), "IDA-DEA-001 postalCode");
}

static void a_stored_value_that_is_damaged_or_too_long_does_not_match(void **state) {
    (void)state;
    static char longest[NORMALISE_MAX + 1];
    static const struct bytes bad[] = {{(const uint8_t *)"\xff", 1}, {NULL, 0}};
    memset(longest, 'a', sizeof longest);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        person.attributes[1].value = bad[i];
        assert_string_equal(match_one("name", "fra", "Fatima Aït Hammou"),
                            "IDA-DEA-001 name in fra");
        assert_string_equal(match_one("name", "fra", (const char *)"\xff"),
                            "IDA-DEA-001 name in fra");
        assert_string_equal(match_one("name", "fra", ""), "IDA-DEA-001 name in fra");
    }
    person.attributes[1].value = bytes_of(longest, sizeof longest);
    assert_string_equal(match_one("name", "fra", "a"), "IDA-DEA-001 name in fra");
}

static void any_of_several_values_stored_may_match(void **state) {
    (void)state;
    person.attributes[person.attribute_count++] = (struct identity_attribute){
        .name = bytes_of_text("fullName"), .language = "fra", .value = bytes_of_text("Fatima B")};
    assert_string_equal(match_one("name", "fra", "b fatima"), "");
    assert_string_equal(match_one("name", "fra", "Fatima Aït Hammou"), "");
    assert_string_equal(match_one("name", "fra", "Fatima B Aït Hammou"), "IDA-DEA-001 name in fra");
}

/* The detail of the longest name and language there can be fits. */
static void the_longest_name_is_told_whole(void **state) {
    (void)state;
    char name[PAYLOAD_DEMOGRAPHIC_NAME_SIZE] = "", expected[128];
    memset(name, 'n', sizeof name - 1);
    snprintf(expected, sizeof expected, "IDA-DEA-003 %s in abcdefg", name);
    assert_string_equal(match_one(name, "abcdefg", "x"), expected);
}

static void a_full_request_of_wrong_values_is_judged(void **state) {
    (void)state;
    static char value[PAYLOAD_VALUE_MAX + 1];
    for (size_t i = 0; i < PAYLOAD_VALUE_MAX; i++)
        value[i] = i % 2 == 0 ? 'a' : ' ';
    for (size_t i = 0; i < PAYLOAD_DEMOGRAPHICS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%zu", i);
        sample_send(name, "fra", value);
        if (person.attribute_count < IDENTITY_ATTRIBUTES_MAX)
            person.attributes[person.attribute_count++] = (struct identity_attribute){
                .name = bytes_of_text("n0"), .value = bytes_of_text(value)};
    }
    (void)match();
    assert_false(verdict.passed);
    assert_int_equal(verdict.problem_count, DEMOGRAPHIC_PROBLEMS_MAX);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_name_matches_in_any_order_of_its_words),
        TEST(another_name_does_not_match),
        TEST(a_gender_and_a_place_match_exactly),
        TEST(a_line_of_an_address_matches_in_its_short_forms),
        TEST(a_full_address_is_all_its_parts_together),
        TEST(a_full_address_too_long_to_compare_does_not_match),
        TEST(a_date_of_birth_is_the_exact_day),
        TEST(an_age_up_to_the_persons_matches),
        TEST(phone_and_email_match_in_their_own_forms),
        TEST(any_other_member_is_compared_with_what_is_stored_by_its_name),
        TEST(all_members_must_match_and_all_that_do_not_are_told),
        TEST(nothing_to_compare_is_no),
        TEST(a_value_without_its_language_does_not_match),
        TEST(a_stored_value_that_is_damaged_or_too_long_does_not_match),
        TEST(any_of_several_values_stored_may_match),
        TEST(the_longest_name_is_told_whole),
        TEST(a_full_request_of_wrong_values_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
