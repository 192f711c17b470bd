#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/person.h"
#include "tests/unit/core_fixture.h"

static void phones_are_masked_to_more_than_half(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"9427618538", "XXXXXX8538"}, {"+212612345678", "XXXXXXX345678"}, {"1", "X"}, {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char masked[24];
        person_mask_phone(rows[i][0], masked, sizeof masked);
        assert_string_equal(masked, rows[i][1]);
    }
}

static void addresses_keep_every_third_character(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"abkdeigbb@mailinator.co.in", "XXkXXiXXb@mailinator.co.in"},
        {"ab@example.org", "XX@example.org"},
        {"a@b@example.org", "X@b@example.org"},
        {"@example.org", "@example.org"},
        {"nothing", "XXtXXnX"},
        {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char masked[64];
        person_mask_email(rows[i][0], masked, sizeof masked);
        assert_string_equal(masked, rows[i][1]);
    }
}

static void masks_stay_within_their_memory(void **state) {
    (void)state;
    char masked[8];
    person_mask_phone("+212612345678", masked, 5);
    assert_string_equal(masked, "XXXX");
    person_mask_email("abcdefgh@example.org", masked, sizeof masked);
    assert_string_equal(masked, "XXcXXfX");
}

static void a_commitment_is_as_good_as_its_salt(void **state) {
    (void)state;
    uint8_t first[PERSON_COMMITMENT_BYTES], second[PERSON_COMMITMENT_BYTES];
    static const uint8_t zeroes[PERSON_COMMITMENT_BYTES];
    struct request *request = core_fixture_about("tayssir", 1, "1234567890");
    struct request *other = core_fixture_about("tayssir", 2, "1234567890");
    person_commitment(request, first);
    person_commitment(request, second);
    assert_memory_equal(first, second, sizeof first);
    person_commitment(other, second);
    assert_memory_not_equal(first, second, sizeof first);
    request->identity->audit_salt[0] ^= 1; /* erased and drawn anew: no way back */
    person_commitment(request, second);
    assert_memory_not_equal(first, second, sizeof first);
    identity_free(request->identity);
    request->identity = NULL;
    person_commitment(request, second);
    assert_memory_equal(second, zeroes, sizeof zeroes);
    core_fixture_free(request);
    core_fixture_free(other);
}

static void tokens_by_the_policys_type(void **state) {
    (void)state;
    struct core_box box = {
        .core.national = {.uin_salt = "uinsalt-1", .partner_salt = "partnersalt-2"}};
    char tokens[4][STATEMENT_TOKEN_SIZE];
    static const enum auth_token_type types[] = {AUTH_TOKEN_PARTNER, AUTH_TOKEN_POLICY,
                                                 AUTH_TOKEN_RANDOM, AUTH_TOKEN_RANDOM};
    struct request *request = core_fixture_about("partner-001", 1, "1234567890");
    memcpy(request->identity->token, "299621466002043403517811319050333655", IDENTITY_TOKEN_SIZE);
    memcpy(request->policy.id, "policy-1", 9);
    for (size_t i = 0; i < 4; i++) {
        request->policy.token_type = types[i];
        assert_int_equal(person_token(&box.core, request), ERR_OK);
        memcpy(tokens[i], request->statement.token, sizeof tokens[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
    assert_string_equal(tokens[0], "262857117820347028021645134813734032");
    request->policy.token_type = AUTH_TOKEN_POLICY;
    memcpy(request->partner.id, "partner-002", 12);
    assert_int_equal(person_token(&box.core, request), ERR_OK);
    assert_string_equal(request->statement.token, tokens[1]);
    core_fixture_free(request);
}

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_are_masked_to_more_than_half),
        cmocka_unit_test(addresses_keep_every_third_character),
        cmocka_unit_test(masks_stay_within_their_memory),
        cmocka_unit_test(a_commitment_is_as_good_as_its_salt),
        cmocka_unit_test(tokens_by_the_policys_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
