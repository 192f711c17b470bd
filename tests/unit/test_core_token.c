#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "authd/core/token.h"
#include "tests/unit/store_fixture.h"

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

/* The definition once more, with long division in place of a library for big integers. */
static void hash_twice(const char *text, char hex[static 65]) {
    uint8_t hash[32];
    assert_int_equal(EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL), 1);
    assert_int_equal(EVP_Digest(hash, sizeof hash, hash, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(hex + 2 * i, 3, "%02X", hash[i]);
}

static void first_digits(const char hex[static 64], char token[static TOKEN_SIZE]) {
    enum { DIGITS_MAX = 160 };
    uint8_t number[64];
    char reversed[DIGITS_MAX];
    size_t count = 0;
    memcpy(number, hex, sizeof number);
    for (bool any = true; any && count < DIGITS_MAX; count++) {
        unsigned rest = 0;
        any = false;
        for (size_t i = 0; i < sizeof number; i++) {
            rest = rest << 8 | number[i];
            number[i] = (uint8_t)(rest / 10);
            rest %= 10;
            any = any || number[i] != 0;
        }
        reversed[count] = (char)('0' + rest);
    }
    for (size_t i = 0; i < TOKEN_SIZE - 1; i++)
        token[i] = reversed[count - 1 - i];
    token[TOKEN_SIZE - 1] = '\0';
}

/* Names as long and as odd as they may be. */
static void draw_text(struct store_chance *chance, size_t most, char *text) {
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-_.:/\xc3\xa9\xd8\xaf";
    size_t len = 1 + store_fixture_draw(chance, most - 1);
    for (size_t i = 0; i < len; i++)
        text[i] = letters[store_fixture_draw(chance, sizeof letters - 1)];
    text[len] = '\0';
}

static void any_token_is_as_it_is_defined(void **state) {
    (void)state;
    struct store_chance chance = {11};
    for (unsigned i = 0; i < 2000; i++) {
        char subject[37], audience[64], uin_salt[48], partner_salt[48];
        char text[300], hex[65], expected[TOKEN_SIZE];
        draw_text(&chance, 36, subject);
        draw_text(&chance, 63, audience);
        draw_text(&chance, 47, uin_salt);
        draw_text(&chance, 47, partner_salt);
        snprintf(text, sizeof text, "%s%s", subject, uin_salt);
        hash_twice(text, hex);
        snprintf(text, sizeof text, "%s%s%s", partner_salt, audience, hex);
        hash_twice(text, hex);
        first_digits(hex, expected);
        assert_string_equal(derive(subject, audience, uin_salt, partner_salt), expected);
    }
}

/* A person has one token at a programme, another at each other, and shares none with anybody. */
static void no_two_of_many_tokens_are_the_same(void **state) {
    (void)state;
    enum { PEOPLE = 60, PROGRAMMES = 20, ALL = PEOPLE * PROGRAMMES };
    static char tokens[ALL][TOKEN_SIZE];
    for (unsigned i = 0; i < ALL; i++) {
        char uin[16], programme[32];
        snprintf(uin, sizeof uin, "5938714%03u", i / PROGRAMMES);
        snprintf(programme, sizeof programme, "programme-%u", i % PROGRAMMES);
        memcpy(tokens[i], derive(uin, programme, "u", "p"), TOKEN_SIZE);
        assert_string_equal(tokens[i], derive(uin, programme, "u", "p"));
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(tokens[i], tokens[j], TOKEN_SIZE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_vectors_come_out),
        cmocka_unit_test(everything_that_goes_in_counts),
        cmocka_unit_test(any_token_is_as_it_is_defined),
        cmocka_unit_test(no_two_of_many_tokens_are_the_same),
        cmocka_unit_test(what_does_not_fit_is_refused_and_not_cut),
        cmocka_unit_test(random_tokens_differ_and_look_like_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
