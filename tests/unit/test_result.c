#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "hsm/result.h"

#define ISSUER  "https://id.example"
#define NOW_MS  INT64_C(1795305600123)
#define NOW_S   (NOW_MS / 1000)
#define SUBJECT "262857117820347028021645134813734032"

static uint8_t memory[RESULT_CLAIMS_MAX];

static struct result sample(void) {
    return (struct result){
        .kind = RESULT_AUTHENTICATION,
        .audience = "cnss",
        .subject = SUBJECT,
        .transaction = "txn-0001",
        .jti = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .issued_s = NOW_S,
        .auth_time_s = NOW_S - 2,
        .lifetime_seconds = 300,
        .amr = RESULT_AMR_OTP,
    };
}

static void add(struct result *result, const char *name, enum result_value kind,
                const char *value) {
    struct result_attribute *attribute = &result->attributes[result->attribute_count++];
    result->kind = RESULT_ATTRIBUTES;
    strcpy(attribute->name, name);
    attribute->kind = kind;
    attribute->value = bytes_of_text(value);
}

static enum err write_for(const struct result *result, const char *issuer, struct bytes *claims) {
    struct buffer target = buffer_over(memory, sizeof memory);
    enum err err = result_write(result, issuer, NOW_MS, &target);
    *claims = bytes_of(memory, err == ERR_OK ? target.len : 0);
    return err;
}

static enum err write_claims(const struct result *result) {
    struct bytes claims;
    return write_for(result, ISSUER, &claims);
}

static void assert_claims(const struct result *result, const char *expected) {
    struct bytes claims;
    assert_int_equal(write_for(result, ISSUER, &claims), ERR_OK);
    if (!bytes_equal_text(claims, expected))
        fail_msg("%.*s", (int)claims.len, (const char *)claims.data);
}

/* As a programme reads it. */
static json_t *parse(const struct result *result) {
    struct bytes claims;
    assert_int_equal(write_for(result, ISSUER, &claims), ERR_OK);
    json_t *parsed =
        json_loadb((const char *)claims.data, claims.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    return parsed;
}

static void an_authentication_has_exactly_these_claims(void **state) {
    (void)state;
    struct result result = sample();
    assert_claims(&result,
                  "{\"iss\":\"https://id.example\",\"sub\":\"" SUBJECT "\",\"aud\":\"cnss\","
                  "\"iat\":1795305600,\"exp\":1795305900,\"jti\":\"AAECAwQFBgcICQoLDA0ODw\","
                  "\"txn\":\"txn-0001\",\"auth_time\":1795305598,\"amr\":[\"otp\"],"
                  "\"acr\":\"idbb:acr:generated-code\"}");
}

static void attributes_come_with_their_kinds(void **state) {
    (void)state;
    struct result result = sample();
    add(&result, "name#ara", RESULT_VALUE_TEXT, "\xd9\x81\xd8\xa7\xd8\xb7\xd9\x85\xd8\xa9");
    add(&result, "age_over_18", RESULT_VALUE_TRUE, "");
    add(&result, "lives_in", RESULT_VALUE_FALSE, "");
    add(&result, "photo", RESULT_VALUE_BYTES, "\xff\xd8\xff\xe0");
    add(&result, "zone", RESULT_VALUE_TEXT, "");
    json_t *parsed = parse(&result), *attributes = json_object_get(parsed, "attributes");
    assert_int_equal(json_object_size(parsed), 11);
    assert_int_equal(json_object_size(attributes), 5);
    assert_string_equal(json_string_value(json_object_get(attributes, "name#ara")),
                        "\xd9\x81\xd8\xa7\xd8\xb7\xd9\x85\xd8\xa9");
    assert_true(json_is_true(json_object_get(attributes, "age_over_18")));
    assert_true(json_is_false(json_object_get(attributes, "lives_in")));
    assert_string_equal(json_string_value(json_object_get(attributes, "photo")), "/9j/4A==");
    assert_string_equal(json_string_value(json_object_get(attributes, "zone")), "");
    json_decref(parsed);
}

static void attributes_may_be_none(void **state) {
    (void)state;
    struct result result = sample();
    result.kind = RESULT_ATTRIBUTES;
    json_t *parsed = parse(&result);
    assert_true(json_is_object(json_object_get(parsed, "attributes")));
    assert_int_equal(json_object_size(json_object_get(parsed, "attributes")), 0);
    json_decref(parsed);
}

/* No value can end its string, or its object, and begin something else. */
static void values_and_names_cannot_leave_their_place(void **state) {
    (void)state;
    static const char hostile[] = "\",\"sub\":\"1\"}\\\n\t\x01\x7f";
    struct result result = sample();
    add(&result, "name", RESULT_VALUE_TEXT, hostile);
    add(&result, "\"},\"acr\":\"x", RESULT_VALUE_TEXT, "\\u0041");
    strcpy(result.audience, "a\"b\\c");
    strcpy(result.transaction, "\",\"x\":\"");
    json_t *parsed = parse(&result), *attributes = json_object_get(parsed, "attributes");
    assert_int_equal(json_object_size(parsed), 11);
    assert_string_equal(json_string_value(json_object_get(parsed, "sub")), SUBJECT);
    assert_string_equal(json_string_value(json_object_get(parsed, "aud")), "a\"b\\c");
    assert_string_equal(json_string_value(json_object_get(attributes, "name")), hostile);
    assert_string_equal(json_string_value(json_object_get(attributes, "\"},\"acr\":\"x")),
                        "\\u0041");
    json_decref(parsed);
}

static void amr_and_acr_say_what_matched(void **state) {
    (void)state;
    static const struct {
        uint32_t amr;
        const char *names, *acr;
    } cases[] = {
        {RESULT_AMR_OTP, "otp", "idbb:acr:generated-code"},
        {RESULT_AMR_KBA, "kba", "idcs:acr:declared"},
        {RESULT_AMR_FPT, "fpt", "idbb:acr:biometrics"},
        {RESULT_AMR_FPT | RESULT_AMR_IRIS | RESULT_AMR_FACE, "fpt iris face",
         "idbb:acr:biometrics"}, /* three, but of one kind */
        {RESULT_AMR_OTP | RESULT_AMR_KBA, "otp kba mfa", "idbb:acr:generated-code"},
        {RESULT_AMR_KBA | RESULT_AMR_IRIS, "kba iris mfa", "idbb:acr:biometrics"},
        {RESULT_AMR_OTP | RESULT_AMR_FACE, "otp face mfa", "idbb:acr:biometrics-generated-code"},
        {31, "otp kba fpt iris face mfa", "idbb:acr:biometrics-generated-code"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct result result = sample();
        char names[64] = "";
        size_t index;
        json_t *value;
        result.amr = cases[i].amr;
        json_t *parsed = parse(&result);
        json_array_foreach(json_object_get(parsed, "amr"), index, value) {
            strcat(names, index == 0 ? "" : " ");
            strcat(names, json_string_value(value));
        }
        assert_string_equal(names, cases[i].names);
        assert_string_equal(json_string_value(json_object_get(parsed, "acr")), cases[i].acr);
        json_decref(parsed);
    }
}

static void without_a_known_method_there_is_no_result(void **state) {
    (void)state;
    static const uint32_t refused[] = {0, 32, 33, 64, RESULT_AMR_OTP | 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct result result = sample();
        result.amr = refused[i];
        assert_int_equal(result_acr_of(refused[i]), 0);
        assert_int_equal(write_claims(&result), ERR_DENIED);
    }
    assert_int_equal(result_acr_of(RESULT_AMR_KBA), RESULT_ACR_DECLARED);
}

static void the_issuer_is_the_signers_own_and_must_be_there(void **state) {
    (void)state;
    static const char *const refused[] = {"", "a\nb", "a\x7f", "\xc3\xa9"};
    struct result result = sample();
    struct bytes claims;
    char longest[RESULT_ISSUER_SIZE + 1];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(write_for(&result, refused[i], &claims), ERR_DENIED);
    memset(longest, 'i', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(write_for(&result, longest, &claims), ERR_DENIED);
    longest[sizeof longest - 2] = '\0';
    assert_int_equal(write_for(&result, longest, &claims), ERR_OK);
}

static void audience_and_transaction_are_printable_and_there(void **state) {
    (void)state;
    static const char *const refused[] = {"", "a\nb", "\x1f", "a\x7f", "\xc3\xa9"};
    struct result result;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        result = sample();
        strcpy(result.audience, refused[i]);
        assert_int_equal(write_claims(&result), ERR_DENIED);
        result = sample();
        strcpy(result.transaction, refused[i]);
        assert_int_equal(write_claims(&result), ERR_DENIED);
    }
    result = sample();
    memset(result.audience, 'a', sizeof result.audience); /* without its end */
    assert_int_equal(write_claims(&result), ERR_DENIED);
    result = sample();
    memset(result.transaction, 'a', sizeof result.transaction);
    assert_int_equal(write_claims(&result), ERR_DENIED);
}

static void a_subject_is_36_digits(void **state) {
    (void)state;
    static const char *const refused[] = {"",
                                          "26285711782034702802164513481373403",
                                          SUBJECT "0",
                                          "26285711782034702802164513481373403a",
                                          "26285711782034702802164513481373403 ",
                                          " 26285711782034702802164513481373403"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct result result = sample();
        strcpy(result.subject, refused[i]);
        assert_int_equal(write_claims(&result), ERR_DENIED);
    }
}

static void a_kind_that_is_none_is_denied(void **state) {
    (void)state;
    for (int kind = -1; kind < 5; kind++) {
        struct result result = sample();
        result.kind = (enum result_kind)kind;
        bool known = kind == RESULT_AUTHENTICATION || kind == RESULT_ATTRIBUTES;
        assert_int_equal(write_claims(&result), known ? ERR_OK : ERR_DENIED);
    }
}

static enum err write_times(int64_t issued_s, int64_t auth_time_s, uint32_t lifetime_seconds) {
    struct result result = sample();
    result.issued_s = issued_s;
    result.auth_time_s = auth_time_s;
    result.lifetime_seconds = lifetime_seconds;
    return write_claims(&result);
}

static void times_hold_together(void **state) {
    (void)state;
    const int64_t latest = NOW_S + RESULT_SKEW_SECONDS, oldest = NOW_S - RESULT_AGE_MAX_SECONDS;
    assert_int_equal(write_times(latest, latest, 1), ERR_OK);
    assert_int_equal(write_times(latest + 1, latest, 300), ERR_DENIED);
    assert_int_equal(write_times(oldest, oldest, 300), ERR_OK);
    assert_int_equal(write_times(oldest - 1, oldest - 1, 300), ERR_DENIED);
    assert_int_equal(write_times(NOW_S, NOW_S + 1, 300), ERR_DENIED);
    assert_int_equal(write_times(NOW_S, NOW_S - RESULT_AGE_MAX_SECONDS, 300), ERR_OK);
    assert_int_equal(write_times(NOW_S, NOW_S - RESULT_AGE_MAX_SECONDS - 1, 300), ERR_DENIED);
    assert_int_equal(write_times(NOW_S, NOW_S, 0), ERR_DENIED);
    assert_int_equal(write_times(NOW_S, NOW_S, RESULT_LIFETIME_MAX_SECONDS), ERR_OK);
    assert_int_equal(write_times(NOW_S, NOW_S, RESULT_LIFETIME_MAX_SECONDS + 1), ERR_DENIED);
    assert_int_equal(write_times(NOW_S, NOW_S, UINT32_MAX), ERR_DENIED);
    static const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        assert_int_equal(write_times(extremes[i], extremes[i], 300), ERR_DENIED);
        assert_int_equal(write_times(NOW_S, extremes[i], 300), ERR_DENIED);
    }
}

static void an_authentication_releases_no_attribute(void **state) {
    (void)state;
    struct result result = sample();
    add(&result, "name", RESULT_VALUE_TEXT, "x");
    assert_int_equal(write_claims(&result), ERR_OK);
    result.kind = RESULT_AUTHENTICATION;
    assert_int_equal(write_claims(&result), ERR_DENIED);
}

static enum err write_attribute(const char *name, enum result_value kind, const char *value) {
    struct result result = sample();
    add(&result, "name", RESULT_VALUE_TEXT, "x");
    add(&result, name, kind, value);
    return write_claims(&result);
}

static void an_attribute_that_is_not_whole_is_denied(void **state) {
    (void)state;
    assert_int_equal(write_attribute("dob", RESULT_VALUE_TEXT, "x"), ERR_OK);
    assert_int_equal(write_attribute("name", RESULT_VALUE_TEXT, "y"), ERR_DENIED);
    assert_int_equal(write_attribute("", RESULT_VALUE_TEXT, "x"), ERR_DENIED);
    assert_int_equal(write_attribute("d\nb", RESULT_VALUE_TEXT, "x"), ERR_DENIED);
    assert_int_equal(write_attribute("d\xc3\xa9", RESULT_VALUE_TEXT, "x"), ERR_DENIED);
    assert_int_equal(write_attribute("dob", RESULT_VALUE_TEXT, "\xff"), ERR_DENIED);
    assert_int_equal(write_attribute("dob", RESULT_VALUE_TEXT, "\xed\xa0\x80"), ERR_DENIED);
    assert_int_equal(write_attribute("dob", RESULT_VALUE_TRUE, "x"), ERR_DENIED);
    assert_int_equal(write_attribute("dob", RESULT_VALUE_FALSE, "x"), ERR_DENIED);
    assert_int_equal(write_attribute("dob", (enum result_value)0, ""), ERR_DENIED);
    assert_int_equal(write_attribute("dob", (enum result_value)5, ""), ERR_DENIED);
    struct result result = sample();
    add(&result, "name", RESULT_VALUE_TRUE, "");
    memset(result.attributes[0].name, 'a', sizeof result.attributes[0].name);
    assert_int_equal(write_claims(&result), ERR_DENIED);
    result.attribute_count = RESULT_ATTRIBUTES_MAX + 1;
    assert_int_equal(write_claims(&result), ERR_DENIED);
}

static void what_has_no_room_is_denied(void **state) {
    (void)state;
    static char photo[RESULT_VALUE_MAX + 2];
    struct result result = sample();
    memset(photo, 'p', sizeof photo - 1);
    photo[RESULT_VALUE_MAX] = '\0';
    add(&result, "photo", RESULT_VALUE_BYTES, photo);
    assert_int_equal(write_claims(&result), ERR_OK);
    add(&result, "again", RESULT_VALUE_BYTES, photo);
    assert_int_equal(write_claims(&result), ERR_DENIED); /* each is short enough, both are not */
    static const enum result_value kinds[] = {RESULT_VALUE_TEXT, RESULT_VALUE_BYTES};
    photo[RESULT_VALUE_MAX] = 'p';
    for (size_t i = 0; i < 2; i++) {
        result = sample();
        add(&result, "photo", kinds[i], photo);
        assert_int_equal(write_claims(&result), ERR_DENIED);
    }
    for (size_t size = 0; size < 300; size++) {
        struct buffer target = buffer_over(memory, size);
        result = sample();
        enum err err = result_write(&result, ISSUER, NOW_MS, &target);
        assert_true(err == ERR_DENIED || (err == ERR_OK && memory[target.len - 1] == '}'));
    }
}

static void the_type_tells_the_two_apart(void **state) {
    (void)state;
    assert_string_equal(result_type(RESULT_AUTHENTICATION), "idcs-result+jwt");
    assert_string_equal(result_type(RESULT_ATTRIBUTES), "idcs-attributes+jwt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authentication_has_exactly_these_claims),
        cmocka_unit_test(attributes_come_with_their_kinds),
        cmocka_unit_test(attributes_may_be_none),
        cmocka_unit_test(values_and_names_cannot_leave_their_place),
        cmocka_unit_test(amr_and_acr_say_what_matched),
        cmocka_unit_test(without_a_known_method_there_is_no_result),
        cmocka_unit_test(the_issuer_is_the_signers_own_and_must_be_there),
        cmocka_unit_test(audience_and_transaction_are_printable_and_there),
        cmocka_unit_test(a_subject_is_36_digits),
        cmocka_unit_test(a_kind_that_is_none_is_denied),
        cmocka_unit_test(times_hold_together),
        cmocka_unit_test(an_authentication_releases_no_attribute),
        cmocka_unit_test(an_attribute_that_is_not_whole_is_denied),
        cmocka_unit_test(what_has_no_room_is_denied),
        cmocka_unit_test(the_type_tells_the_two_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
