#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/identifier.h"
#include "firmware/base/codec.h"

/* The worked vectors of the protocol's reference. */
#define UIN "5938714605"
#define VID "4926371850146397"

static uint32_t broken_by(const char *text, enum identifier_type type, uint32_t rules) {
    uint32_t broken = UINT32_MAX;
    assert_int_equal(identifier_check(text, type, rules, &broken), ERR_OK);
    return broken;
}

static void check_digits_are_verhoeffs(void **state) {
    (void)state;
    char digit = '?';
    assert_int_equal(identifier_check_digit(UIN, 9, &digit), ERR_OK);
    assert_int_equal(digit, '5');
    assert_int_equal(identifier_check_digit(VID, 15, &digit), ERR_OK);
    assert_int_equal(digit, '7');
    assert_int_equal(identifier_check_digit("59387146x", 9, &digit), ERR_MALFORMED);
}

static void right_numbers_break_nothing(void **state) {
    (void)state;
    assert_int_equal(broken_by(UIN, IDENTIFIER_UIN, IDENTIFIER_ALL_RULES), 0);
    assert_int_equal(broken_by(VID, IDENTIFIER_VID, IDENTIFIER_CHECKSUM), 0);
}

static void every_changed_digit_breaks_the_checksum(void **state) {
    (void)state;
    for (size_t at = 0; at < IDENTIFIER_UIN_DIGITS; at++) {
        for (char digit = '0'; digit <= '9'; digit++) {
            char text[] = UIN;
            if (text[at] == digit)
                continue;
            text[at] = digit;
            assert_int_equal(broken_by(text, IDENTIFIER_UIN, IDENTIFIER_CHECKSUM),
                             IDENTIFIER_CHECKSUM);
        }
    }
}

static void every_swap_of_neighbours_breaks_the_checksum(void **state) {
    (void)state;
    for (size_t at = 0; at + 1 < IDENTIFIER_UIN_DIGITS; at++) {
        char text[] = UIN;
        text[at] = UIN[at + 1];
        text[at + 1] = UIN[at];
        assert_int_equal(broken_by(text, IDENTIFIER_UIN, IDENTIFIER_CHECKSUM), IDENTIFIER_CHECKSUM);
    }
}

static const struct {
    const char *text;
    enum identifier_rule rule;
} broken_alone[] = {
    {"9074391501", IDENTIFIER_CHECKSUM},          {"1054087413", IDENTIFIER_FIRST_DIGIT},
    {"4365234250", IDENTIFIER_SEQUENCE},          {"2914177769", IDENTIFIER_REPEATED_DIGIT},
    {"9560423047", IDENTIFIER_REPEATED_BLOCK},    {"2468203412", IDENTIFIER_EVEN_DIGITS},
    {"6095786749", IDENTIFIER_RESTRICTED_NUMBER},
};

static void each_rule_can_be_broken_alone_and_switched_off(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken_alone / sizeof *broken_alone; i++) {
        const char *text = broken_alone[i].text;
        uint32_t rule = broken_alone[i].rule;
        assert_int_equal(broken_by(text, IDENTIFIER_UIN, IDENTIFIER_ALL_RULES), rule);
        assert_int_equal(broken_by(text, IDENTIFIER_UIN, IDENTIFIER_ALL_RULES & ~rule), 0);
        assert_int_equal(broken_by(text, IDENTIFIER_UIN, 0), 0);
    }
}

/* What breaks these always breaks another rule too: 428 is even, halves repeat blocks or digits. */
static void rules_that_are_never_broken_alone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum identifier_rule rule;
    } rows[] = {
        {"3142857096", IDENTIFIER_CYCLIC_NUMBER},
        {"3091530915", IDENTIFIER_MIRRORED_HALVES},
        {"3091551903", IDENTIFIER_MIRRORED_HALVES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(broken_by(rows[i].text, IDENTIFIER_UIN, rows[i].rule), rows[i].rule);
        assert_int_equal(broken_by(rows[i].text, IDENTIFIER_UIN, IDENTIFIER_ALL_RULES) &
                             rows[i].rule,
                         rows[i].rule);
    }
    assert_int_equal(broken_by("3091530916", IDENTIFIER_UIN, IDENTIFIER_MIRRORED_HALVES), 0);
}

static void only_digits_of_the_right_number_are_judged(void **state) {
    (void)state;
    static const char *const texts[] = {"",           "593871460",    "59387146055",
                                        "593871460x", " 938714605",   "5938714605\n",
                                        "+938714605", "593871460\xd9"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint32_t broken = 0;
        assert_int_equal(identifier_check(texts[i], IDENTIFIER_UIN, 0, &broken), ERR_MALFORMED);
        assert_int_equal(identifier_check(texts[i], IDENTIFIER_VID, 0, &broken), ERR_MALFORMED);
    }
    uint32_t broken = 0;
    assert_int_equal(identifier_check(UIN, IDENTIFIER_VID, 0, &broken), ERR_MALFORMED);
    assert_int_equal(identifier_check(VID, IDENTIFIER_UIN, 0, &broken), ERR_MALFORMED);
}

static void rules_have_names(void **state) {
    (void)state;
    for (uint32_t bit = 1; bit <= IDENTIFIER_ALL_RULES; bit <<= 1) {
        enum identifier_rule rule = 0;
        const char *name = identifier_rule_text((enum identifier_rule)bit);
        assert_string_not_equal(name, "");
        assert_int_equal(identifier_rule_parse(name, &rule), ERR_OK);
        assert_int_equal(rule, bit);
    }
    enum identifier_rule rule;
    assert_int_equal(identifier_rule_parse("Checksum", &rule), ERR_NOT_FOUND);
    assert_int_equal(identifier_rule_parse("", &rule), ERR_NOT_FOUND);
}

static void salts_are_chosen_by_the_hash(void **state) {
    (void)state;
    assert_int_equal(identifier_salt_modulo(UIN), 971);
    assert_int_equal(identifier_salt_modulo(VID), 922);
}

static void the_id_hash_is_salted(void **state) {
    (void)state;
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    char hex[2 * IDENTIFIER_HASH_BYTES];
    struct buffer target = buffer_over(hex, sizeof hex);
    assert_int_equal(identifier_hash(UIN, "s0meSa1t", hash), ERR_OK);
    codec_hex_upper(&target, bytes_of(hash, sizeof hash));
    assert_memory_equal(hex, "5C8333CCEF8477730233CA407EBF95368F2565C171C2CB77AF42DA4838392AB4",
                        sizeof hex);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_digits_are_verhoeffs),
        cmocka_unit_test(right_numbers_break_nothing),
        cmocka_unit_test(every_changed_digit_breaks_the_checksum),
        cmocka_unit_test(every_swap_of_neighbours_breaks_the_checksum),
        cmocka_unit_test(each_rule_can_be_broken_alone_and_switched_off),
        cmocka_unit_test(rules_that_are_never_broken_alone),
        cmocka_unit_test(only_digits_of_the_right_number_are_judged),
        cmocka_unit_test(rules_have_names),
        cmocka_unit_test(salts_are_chosen_by_the_hash),
        cmocka_unit_test(the_id_hash_is_salted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
