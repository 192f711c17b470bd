#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/otp.h"
#include "firmware/base/clock.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/core_fixture.h"

/* How often somebody may guess, and ask: per person and programme, over all programmes, in a day,
 * in an hour. */
#define A      "programme-a"
#define B      "programme-b"
#define C      "programme-c"
#define TXN    "1234567890"
#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

static struct core_box box;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    core_fixture_make(&box, "otp-requests = 100\notp-person-requests = 1000\n");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

static struct core_code ask(const char *programme, unsigned person) {
    struct core_code code = core_fixture_ask(&box, programme, person, TXN);
    assert_string_equal(code.codes, "");
    return code;
}

static const char *right(const char *programme, unsigned person, const struct core_code *code) {
    return core_fixture_guess(&box, programme, person, TXN, code->text);
}

static const char *wrong(const char *programme, unsigned person, const struct core_code *code) {
    struct core_code other = core_fixture_wrong(code);
    return core_fixture_guess(&box, programme, person, TXN, other.text);
}

static void expect_wrong(const char *programme, unsigned person, unsigned count) {
    struct core_code code = ask(programme, person);
    for (unsigned i = 0; i < count; i++)
        assert_string_equal(wrong(programme, person, &code), "IDA-OTA-004");
}

/* Each programme asks in a transaction of its own, as programmes do. */
static struct core_code ask_in(const char *programme, unsigned person, const char *transaction) {
    struct core_code code = core_fixture_ask(&box, programme, person, transaction);
    assert_string_equal(code.codes, "");
    return code;
}

static void the_fifth_wrong_guess_freezes(void **state) {
    (void)state;
    struct core_code code = ask(A, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(wrong(A, 1, &code), "IDA-OTA-004");
    assert_string_equal(wrong(A, 1, &code), "IDA-OTA-013");
    assert_string_equal(right(A, 1, &code), "IDA-OTA-013");
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
}

static void a_freeze_says_how_long(void **state) {
    (void)state;
    struct request *request = core_fixture_about(A, 1, TXN);
    box.core.settings.otp_attempts = 1;
    struct core_code code = ask(A, 1), other = core_fixture_wrong(&code);
    memcpy(request->payload.otp, other.text, sizeof other.text);
    assert_int_equal(otp_verify(&box.core, request), ERR_OK);
    assert_string_equal(request->statement.errors[0].detail, "30 minutes");
    assert_string_equal(request->reason, "otp-wrong-and-frozen");
    core_fixture_free(request);
}

static void after_the_freeze_a_new_code_is_good(void **state) {
    (void)state;
    expect_wrong(A, 1, 4);
    struct core_code code = ask(A, 1);
    assert_string_equal(wrong(A, 1, &code), "IDA-OTA-013");
    core_clock_shift_ms = 29 * MINUTE;
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
    core_clock_shift_ms = 31 * MINUTE;
    assert_string_equal(right(A, 1, &code), "IDA-OTA-005");
    code = ask(A, 1);
    assert_string_equal(right(A, 1, &code), "");
}

static void a_new_code_forgets_nothing(void **state) {
    (void)state;
    expect_wrong(A, 1, 2);
    expect_wrong(A, 1, 2);
    struct core_code code = ask(A, 1);
    assert_string_equal(wrong(A, 1, &code), "IDA-OTA-013");
}

static void a_success_forgets_the_wrong_ones_before(void **state) {
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        expect_wrong(A, 1, 4);
        struct core_code code = ask(A, 1);
        assert_string_equal(right(A, 1, &code), "");
    }
}

static void but_not_those_of_the_day(void **state) {
    (void)state;
    box.core.settings.otp_day_attempts = 8;
    expect_wrong(A, 1, 4);
    struct core_code code = ask(A, 1);
    assert_string_equal(right(A, 1, &code), "");
    code = ask(A, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(wrong(A, 1, &code), "IDA-OTA-004");
    assert_string_equal(right(A, 1, &code), "IDA-OTA-013");
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
    core_clock_shift_ms = 23 * HOUR;
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
    core_clock_shift_ms = 25 * HOUR;
    code = ask(A, 1);
    assert_string_equal(right(A, 1, &code), "");
}

static void right_guesses_count_nowhere(void **state) {
    (void)state;
    box.core.settings.otp_day_attempts = 1;
    box.core.settings.otp_person_attempts = 1;
    box.core.settings.otp_person_share = 1;
    box.core.settings.otp_attempts = 1;
    box.core.settings.failures_an_hour = 1;
    for (unsigned i = 0; i < 20; i++) {
        struct core_code code = ask(A, 1);
        assert_string_equal(right(A, 1, &code), "");
    }
}

static void a_freeze_at_one_programme_is_none_at_another(void **state) {
    (void)state;
    expect_wrong(A, 1, 4);
    struct core_code code = ask(A, 1);
    assert_string_equal(wrong(A, 1, &code), "IDA-OTA-013");
    code = ask_in(B, 1, "0987654321");
    assert_string_equal(core_fixture_guess(&box, B, 1, "0987654321", code.text), "");
}

static void many_programmes_together_freeze_a_person(void **state) {
    (void)state;
    box.core.settings.otp_person_attempts = 6;
    expect_wrong(A, 1, 4);
    struct core_code code = ask_in(B, 1, "0987654321"), other = core_fixture_wrong(&code);
    assert_string_equal(core_fixture_guess(&box, B, 1, "0987654321", other.text), "IDA-OTA-004");
    assert_string_equal(core_fixture_guess(&box, B, 1, "0987654321", other.text), "IDA-OTA-013");
    assert_string_equal(core_fixture_ask(&box, C, 1, "5555555555").codes, "IDA-OTA-013");
    assert_string_equal(core_fixture_ask(&box, C, 2, "5555555555").codes, "");
}

static void one_programme_alone_cannot_freeze_a_person_elsewhere(void **state) {
    (void)state;
    box.core.settings.otp_person_attempts = 3;
    box.core.settings.otp_person_share = 2;
    for (unsigned day = 0; day < 2; day++) {
        expect_wrong(A, 1, 4);
        struct core_code code = ask(A, 1);
        assert_string_equal(wrong(A, 1, &code), "IDA-OTA-013");
        assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
        core_clock_shift_ms +=
            40 * MINUTE; /* its own freeze is over, its share of the day is used up */
        code = ask_in(B, 1, "0987654321");
        assert_string_equal(core_fixture_guess(&box, B, 1, "0987654321", code.text), "");
    }
}

static void a_programme_that_guesses_through_the_country_runs_dry(void **state) {
    (void)state;
    box.core.settings.failures_an_hour = 3;
    for (unsigned person = 1; person <= 3; person++)
        expect_wrong(A, person, 1);
    struct core_code code = ask(A, 4);
    assert_string_equal(right(A, 4, &code), "IDA-MLC-007");
    struct core_code elsewhere = ask_in(B, 4, "0987654321");
    assert_string_equal(core_fixture_guess(&box, B, 4, "0987654321", elsewhere.text), "");
    core_clock_shift_ms = 61 * MINUTE;
    code = ask(A, 4);
    assert_string_equal(right(A, 4, &code), "");
}

/* So that many people's typing errors do not stop a programme that serves many people. */
static void a_success_pays_for_a_failure(void **state) {
    (void)state;
    box.core.settings.failures_an_hour = 2;
    expect_wrong(A, 1, 1);
    struct core_code code = ask(A, 2);
    assert_string_equal(right(A, 2, &code), "");
    expect_wrong(A, 3, 1);
    expect_wrong(A, 4, 1);
    code = ask(A, 5);
    assert_string_equal(right(A, 5, &code), "IDA-MLC-007");
}

static void a_policy_may_name_its_own_budget(void **state) {
    (void)state;
    struct core_code code = ask(A, 1), other = core_fixture_wrong(&code);
    static const char *const expected[] = {"IDA-OTA-004", "IDA-OTA-004", "IDA-MLC-007"};
    for (size_t i = 0; i < 3; i++) {
        struct request *request = core_fixture_about(A, 1, TXN);
        request->policy.failures_an_hour = 2;
        memcpy(request->payload.otp, other.text, sizeof other.text);
        assert_int_equal(otp_verify(&box.core, request), ERR_OK);
        assert_string_equal(core_fixture_codes(request), expected[i]);
        assert_int_equal(request->compared, i < 2);
        core_fixture_free(request);
    }
}

static void requests_of_a_programme_are_bounded(void **state) {
    (void)state;
    box.core.settings.otp_requests = 2;
    (void)ask(A, 1);
    (void)ask(A, 1);
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-001");
    (void)ask(B, 1);
    (void)ask(A, 2);
    core_clock_shift_ms = box.core.settings.otp_request_window_seconds * 1000 + 1000;
    (void)ask(A, 1);
}

static void requests_about_a_person_are_bounded(void **state) {
    (void)state;
    box.core.settings.otp_person_requests = 3;
    (void)ask(A, 1);
    (void)ask(B, 1);
    struct core_code code = ask(C, 1);
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-001");
    assert_string_equal(right(C, 1, &code), "");
}

/* With the limits as they are shipped: it takes four programmes to use up what a person may ask
 * for, so one or two cannot keep the others from sending a code. */
static void two_programmes_cannot_use_up_a_persons_codes(void **state) {
    (void)state;
    static const char *const programmes[] = {A, B, C, "programme-d"};
    const struct settings shipped = core_fixture_settings("");
    box.core.settings = shipped;
    for (size_t i = 0; i < 4; i++) {
        for (int64_t asked = 0; asked < shipped.otp_requests; asked++)
            (void)ask(programmes[i], 1);
        if (i < 3) /* more from the same comes to nothing, and takes nothing from the others */
            for (unsigned more = 0; more < 20; more++)
                assert_string_equal(core_fixture_ask(&box, programmes[i], 1, TXN).codes,
                                    "IDA-OTA-001");
    }
    assert_string_equal(core_fixture_ask(&box, "programme-e", 1, TXN).codes, "IDA-OTA-001");
    (void)ask("programme-e", 2);
    core_clock_shift_ms = shipped.otp_request_window_seconds * 1000 + 1000;
    (void)ask("programme-e", 1);
}

static void codes_of_a_programme_are_bounded(void **state) {
    (void)state;
    box.core.settings.codes_an_hour = 2;
    (void)ask(A, 1);
    struct core_code code = ask(A, 2);
    assert_string_equal(core_fixture_ask(&box, A, 3, TXN).codes, "IDA-OTA-001");
    (void)ask(B, 3);
    assert_string_equal(right(A, 2, &code), "");
    core_clock_shift_ms = 61 * MINUTE;
    (void)ask(A, 3);
}

/* A refused request changes nothing: the code that is out stays good. */
static void a_refused_request_leaves_the_code_alone(void **state) {
    (void)state;
    box.core.settings.otp_requests = 1;
    struct core_code code = ask(A, 1);
    assert_string_equal(core_fixture_ask(&box, A, 1, "0987654321").codes, "IDA-OTA-001");
    assert_string_equal(core_fixture_guess(&box, A, 1, "0987654321", code.text), "IDA-OTA-005");
    assert_string_equal(right(A, 1, &code), "");
}

/* What was counted is durable: a restart is no way round a freeze. */
static void a_freeze_outlives_the_programs(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct request *request = core_fixture_about(A, 1, TXN);
        struct core_code code = ask(A, 1), other = core_fixture_wrong(&code);
        memcpy(request->payload.otp, other.text, sizeof other.text);
        assert_int_equal(otp_verify(&box.core, request), ERR_OK);
        ledger_fixture_record(&box.store, bytes_of(request->effects_memory, request->effects.len));
        core_fixture_free(request);
    }
    core_fixture_restart(&box);
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-013");
}

#define LIMIT_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(the_fifth_wrong_guess_freezes),
        LIMIT_TEST(a_freeze_says_how_long),
        LIMIT_TEST(after_the_freeze_a_new_code_is_good),
        LIMIT_TEST(a_new_code_forgets_nothing),
        LIMIT_TEST(a_success_forgets_the_wrong_ones_before),
        LIMIT_TEST(but_not_those_of_the_day),
        LIMIT_TEST(right_guesses_count_nowhere),
        LIMIT_TEST(a_freeze_at_one_programme_is_none_at_another),
        LIMIT_TEST(many_programmes_together_freeze_a_person),
        LIMIT_TEST(one_programme_alone_cannot_freeze_a_person_elsewhere),
        LIMIT_TEST(a_programme_that_guesses_through_the_country_runs_dry),
        LIMIT_TEST(a_success_pays_for_a_failure),
        LIMIT_TEST(a_policy_may_name_its_own_budget),
        LIMIT_TEST(requests_of_a_programme_are_bounded),
        LIMIT_TEST(requests_about_a_person_are_bounded),
        LIMIT_TEST(two_programmes_cannot_use_up_a_persons_codes),
        LIMIT_TEST(codes_of_a_programme_are_bounded),
        LIMIT_TEST(a_refused_request_leaves_the_code_alone),
        LIMIT_TEST(a_freeze_outlives_the_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
