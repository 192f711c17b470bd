#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/identifier.h"
#include "authd/core/settings.h"
#include "authd/store/programme.h"
#include "tests/unit/core_fixture.h"

static void nothing_said_is_the_careful_choice(void **state) {
    (void)state;
    struct settings settings = core_fixture_settings("");
    assert_int_equal(settings.otp_lifetime_seconds, 180);
    assert_int_equal(settings.otp_attempts, 5);
    assert_int_equal(settings.otp_freeze_minutes, 30);
    assert_int_equal(settings.auth_type_set & AUTH_TYPE_BIT(AUTH_TYPE_OTP), 1);
    assert_int_equal(settings.auth_type_set & AUTH_TYPE_BIT(AUTH_TYPE_PIN), 0);
    assert_int_equal(settings.uin_rule_set & IDENTIFIER_CHECKSUM, IDENTIFIER_CHECKSUM);
    assert_true(settings.child_otp_denied);
    assert_true(settings.allow_uin && settings.allow_vid);
    assert_true(settings.channel_phone && settings.channel_email);
    /* One programme alone must not be able to freeze a person everywhere. */
    assert_true(settings.otp_person_share < settings.otp_person_attempts);
}

static void lists_are_derived(void **state) {
    (void)state;
    struct settings settings = core_fixture_settings("identifier-types = VID\n"
                                                     "uin-rules = sequence, even-digits\n"
                                                     "vid-rules =\n"
                                                     "auth-types-allowed = otp,demo bio-Iris\n"
                                                     "otp-channels = email\n");
    assert_false(settings.allow_uin);
    assert_true(settings.allow_vid);
    assert_int_equal(settings.uin_rule_set, IDENTIFIER_SEQUENCE | IDENTIFIER_EVEN_DIGITS);
    assert_int_equal(settings.vid_rule_set, 0);
    assert_int_equal(settings.auth_type_set, AUTH_TYPE_BIT(AUTH_TYPE_OTP) |
                                                 AUTH_TYPE_BIT(AUTH_TYPE_DEMO) |
                                                 AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS));
    assert_false(settings.channel_phone);
    assert_true(settings.channel_email);
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *named;
    } rows[] = {
        {"uin-rules = checksum,luhn\n", "uin-rules"},
        {"vid-rules = Checksum\n", "vid-rules"},
        {"auth-types-allowed = otp,telepathy\n", "auth-types-allowed"},
        {"otp-attempts = 0\n", "otp-attempts"},
        {"otp-attempts = five\n", "otp-attempts"},
        {"otp-lifetime-seconds = 601\n", "otp-lifetime-seconds"},
        {"child-otp-denied = perhaps\n", "child-otp-denied"},
        {"otp-atempts = 5\n", "otp-atempts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings;
        struct conf_problem problem = {0};
        assert_int_equal(settings_read(bytes_of_text(rows[i].text), &settings, &problem),
                         ERR_CONFIG);
        assert_non_null(strstr(problem.text, rows[i].named));
    }
}

static void a_list_has_whole_words(void **state) {
    (void)state;
    static const struct {
        const char *list, *word;
        bool has;
    } rows[] = {
        {"UIN,VID", "UIN", true},
        {"UIN,VID", "VID", true},
        {"UIN, VID", "vid", true},
        {" UIN", "UIN", true},
        {"UIN,VID", "UI", false},
        {"UIN,VID", "UIN,VID", false},
        {"UIN,VID", "", false},
        {"", "UIN", false},
        {"Pre-Production,Production", "Production", true},
        {"Pre-Production", "Production", false},
        {"https://idcs.example.org", "https://idcs.example.org/", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(settings_list_has(rows[i].list, rows[i].word), rows[i].has);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_the_careful_choice),
        cmocka_unit_test(lists_are_derived),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_list_has_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
