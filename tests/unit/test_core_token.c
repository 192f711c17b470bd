#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/token.h"

#define IDENTITY_TOKEN "299621466002043403517811319050333655"

static const char *derive(const char *subject, const char *audience, const char *uin_salt,
                          const char *partner_salt) {
    static char tokens[4][TOKEN_SIZE];
    static size_t next;
    char *token = tokens[next++ % 4];
    assert_int_equal(token_derive(subject, audience, uin_salt, partner_salt, token), ERR_OK);
    assert_int_equal(strspn(token, "0123456789"), TOKEN_SIZE - 1);
    assert_int_equal(strlen(token), TOKEN_SIZE - 1);
    return token;
}

static void the_worked_vectors_come_out(void **state) {
    (void)state;
    assert_string_equal(derive("5938714605", "mpartner-default-auth", "uinsalt-1", "partnersalt-2"),
                        IDENTITY_TOKEN);
    assert_string_equal(derive(IDENTITY_TOKEN, "partner-001", "uinsalt-1", "partnersalt-2"),
                        "262857117820347028021645134813734032");
}

static void everything_that_goes_in_counts(void **state) {
    (void)state;
    const char *const rows[][4] = {
        {"5938714605", "mpartner-default-auth", "uinsalt-1", "partnersalt-2"},
        {"5938714606", "mpartner-default-auth", "uinsalt-1", "partnersalt-2"},
        {"5938714605", "mpartner-default-autH", "uinsalt-1", "partnersalt-2"},
        {"5938714605", "mpartner-default-auth", "uinsalt-2", "partnersalt-2"},
        {"5938714605", "mpartner-default-auth", "uinsalt-1", "partnersalt-1"},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    char tokens[ROWS][TOKEN_SIZE];
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(tokens[i], TOKEN_SIZE, "%s",
                 derive(rows[i][0], rows[i][1], rows[i][2], rows[i][3]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
}

static void what_does_not_fit_is_refused_and_not_cut(void **state) {
    (void)state;
    char audience[600], token[TOKEN_SIZE];
    memset(audience, 'a', sizeof audience - 1);
    audience[sizeof audience - 1] = '\0';
    assert_int_not_equal(token_derive("5938714605", audience, "a", "b", token), ERR_OK);
    assert_int_not_equal(token_derive(audience, "partner-001", "a", "b", token), ERR_OK);
}

static void random_tokens_differ_and_look_like_the_others(void **state) {
    (void)state;
    char tokens[64][TOKEN_SIZE];
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(token_random(tokens[i]), ERR_OK);
        assert_int_equal(strspn(tokens[i], "0123456789"), TOKEN_SIZE - 1);
        assert_true(tokens[i][0] == '2' || tokens[i][0] == '3'); /* as of every hex text */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_vectors_come_out),
        cmocka_unit_test(everything_that_goes_in_counts),
        cmocka_unit_test(what_does_not_fit_is_refused_and_not_cut),
        cmocka_unit_test(random_tokens_differ_and_look_like_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
