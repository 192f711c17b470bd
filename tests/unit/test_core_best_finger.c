#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/best_finger.h"
#include "authd/core/biometric_tries.h"
#include "authd/core/otp_rows.h"
#include "tests/unit/core_fixture.h"

/* What a person's fingers have shown, and what a programme is told to try next. */
#define A   "programme-a"
#define ALL "auth-types-allowed = otp,demo,bio-Finger,bio-Iris,bio-Face,bio-FMR\n"

enum { RIGHT_THUMB = 1, RIGHT_INDEX, RIGHT_MIDDLE, LEFT_THUMB = 6, LEFT_INDEX };

static struct core_box box;
static struct enrolled enrolled;

static void enrol(enum biometric_modality modality, uint8_t position) {
    enrolled.parts[enrolled.count++] =
        (struct enrolled_part){.modality = modality, .position = position};
}

static int make(void **state) {
    (void)state;
    core_fixture_make(&box, ALL);
    enrolled.count = 0;
    enrol(BIOMETRIC_FINGER, RIGHT_INDEX);
    enrol(BIOMETRIC_FINGER, RIGHT_INDEX);
    enrol(BIOMETRIC_FINGER, LEFT_INDEX);
    enrol(BIOMETRIC_FINGER, LEFT_THUMB);
    enrol(BIOMETRIC_IRIS, 1);
    enrol(BIOMETRIC_FACE, 0);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

static struct request *request_about(unsigned person) {
    struct request *request = core_fixture_about(A, person, "1234567890");
    request->policy.biometrics.names_factors = true;
    request->policy.allowed = UINT32_MAX;
    request->factors = AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER);
    request->received_wall_ms = clock_wall_ms();
    return request;
}

static void note(unsigned person, uint8_t position, bool matched, unsigned times) {
    const struct best_finger_seen seen = {.position = position, .matched = matched};
    for (unsigned i = 0; i < times; i++) {
        struct request *request = request_about(person);
        best_finger_note(&box.core, request, &seen, 1);
        assert_true(request->effects.len > 0);
        ledger_fixture_record(&box.store, bytes_of(request->effects_memory, request->effects.len));
        assert_false(request_refused(request));
        core_fixture_free(request);
    }
}

static const struct best_finger_seen right_index_failed = {RIGHT_INDEX, false};

/* A refusal of one finger, the right index, which did not match. */
static struct best_finger_refusal refused_finger(void) {
    return (struct best_finger_refusal){.modality = BIOMETRIC_FINGER,
                                        .presented = 1 << BIOMETRIC_FINGER,
                                        .enrolled = &enrolled,
                                        .seen = &right_index_failed,
                                        .seen_count = 1};
}

static enum mosip_action advise(struct request *request, enum mosip_error error, const char *detail,
                                const struct best_finger_refusal *refusal) {
    request_refuse(request, error, detail, "a test");
    best_finger_advise(&box.core, request, refusal);
    enum mosip_action action = request->statement.errors[0].action;
    core_fixture_free(request);
    return action;
}

static enum mosip_action advise_finger(struct request *request) {
    struct best_finger_refusal refusal = refused_finger();
    return advise(request, MOSIP_BIA_001, "FINGER", &refusal);
}

static void make_wait(unsigned person, enum biometric_modality modality) {
    for (unsigned i = 0; i < 5; i++) {
        struct request *request = request_about(person);
        assert_int_equal(biometric_tries_count(&box.core, request, modality), ERR_OK);
        assert_false(request_refused(request));
        core_fixture_free(request);
    }
}

static void the_next_finger_is_enrolled_and_was_not_presented(void **state) {
    (void)state;
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_INDEX);
    enrolled.parts[2].position = RIGHT_MIDDLE;
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_THUMB);
}

static void the_finger_with_the_best_record_comes_first(void **state) {
    (void)state;
    note(1, LEFT_THUMB, true, 3);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_THUMB);
    assert_int_equal(advise_finger(request_about(2)), MOSIP_ACTION_TRY_LEFT_INDEX);
    note(1, LEFT_THUMB, false, 10);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_INDEX);
}

static void the_record_outlives_the_programs(void **state) {
    (void)state;
    note(1, LEFT_THUMB, true, 3);
    core_fixture_restart(&box);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_THUMB);
}

/* Neither the file nor the table in memory shows which finger it is about. */
static void the_record_is_sealed_to_its_row(void **state) {
    (void)state;
    uint8_t key[2][LEDGER_KEY_BYTES], value[2][LEDGER_VALUE_MAX];
    size_t len[2], failed;
    uint32_t count;
    int64_t remaining_ms;
    note(1, LEFT_THUMB, true, 3);
    note(2, RIGHT_MIDDLE, true, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct request *request = request_about(i + 1);
        struct bytes person = bytes_of(request->person_key, sizeof request->person_key);
        ledger_row_key(box.core.ledger, "best-finger", &person, 1, key[i]);
        assert_int_equal(
            ledger_read(box.core.ledger, key[i], value[i], &len[i], &count, &remaining_ms), ERR_OK);
        assert_int_equal(len[i], RECORD_OVERHEAD + BEST_FINGER_BYTES);
        core_fixture_free(request);
    }
    struct request *request = request_about(2);
    struct ledger_op moved = otp_plain(LEDGER_PUT, key[1]);
    moved.value = bytes_of(value[0], len[0]);
    moved.lifetime_ms = 1000000;
    assert_int_equal(
        ledger_claim(box.core.ledger, &moved, 1, INT64_MAX, &failed, &request->effects),
        LEDGER_WON);
    assert_int_equal(advise_finger(request), MOSIP_ACTION_TRY_LEFT_INDEX);
}

static void a_damaged_record_is_begun_anew(void **state) {
    (void)state;
    uint8_t key[LEDGER_KEY_BYTES], value[] = "not a sealed record, by no means one of ours";
    size_t failed;
    note(1, LEFT_THUMB, true, 3);
    struct request *request = request_about(1);
    struct bytes person = bytes_of(request->person_key, sizeof request->person_key);
    ledger_row_key(box.core.ledger, "best-finger", &person, 1, key);
    struct ledger_op damage = otp_plain(LEDGER_PUT, key);
    damage.value = bytes_of(value, sizeof value);
    damage.lifetime_ms = 1000000;
    assert_int_equal(
        ledger_claim(box.core.ledger, &damage, 1, INT64_MAX, &failed, &request->effects),
        LEDGER_WON);
    assert_int_equal(advise_finger(request), MOSIP_ACTION_TRY_LEFT_INDEX);
    note(1, LEFT_THUMB, true, 3);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LEFT_THUMB);
}

static void what_cannot_be_noted_refuses_nobody(void **state) {
    (void)state;
    struct request *request = request_about(1);
    request->deadline_boot_ms = 0;
    best_finger_note(&box.core, request, &right_index_failed, 1);
    assert_false(request_refused(request));
    assert_int_equal(request->effects.len, 0);
    assert_int_equal(request->effects.err, ERR_OK);
    core_fixture_free(request);
}

static void a_policy_that_does_not_name_factors_names_none(void **state) {
    (void)state;
    struct request *request = request_about(1);
    request->policy.biometrics.names_factors = false;
    assert_int_equal(advise_finger(request), MOSIP_ACTION_OF_ERROR);
    request = request_about(1);
    request->policy.uniform = true;
    assert_int_equal(advise_finger(request), MOSIP_ACTION_OF_ERROR);
}

/* What costs nothing tells nothing of a stranger's fingers: neither waiting nor absence. */
static void a_finger_is_named_only_after_a_comparison(void **state) {
    (void)state;
    struct best_finger_refusal refusal = refused_finger();
    refusal.seen_count = 0;
    assert_int_equal(advise(request_about(1), MOSIP_BIA_006, "FINGER", &refusal),
                     MOSIP_ACTION_TRY_IRIS);
    assert_int_equal(advise(request_about(1), MOSIP_MLC_019, "bio-Finger", &refusal),
                     MOSIP_ACTION_TRY_IRIS);
}

static void errors_of_other_factors_are_left_alone(void **state) {
    (void)state;
    struct best_finger_refusal refusal = refused_finger();
    assert_int_equal(advise(request_about(1), MOSIP_MLC_019, "demo", &refusal),
                     MOSIP_ACTION_OF_ERROR);
    assert_int_equal(advise(request_about(1), MOSIP_MLC_019, "otp-phone", &refusal),
                     MOSIP_ACTION_OF_ERROR);
    assert_int_equal(advise(request_about(1), MOSIP_BIA_017, "FINGER", &refusal),
                     MOSIP_ACTION_OF_ERROR);
    assert_int_equal(advise(request_about(1), MOSIP_MLC_007, "", &refusal), MOSIP_ACTION_OF_ERROR);
    struct request *request = request_about(1);
    best_finger_advise(&box.core, request, &refusal);
    assert_int_equal(request->statement.error_count, 0);
    core_fixture_free(request);
}

static void fingers_that_must_wait_give_way_to_other_factors(void **state) {
    (void)state;
    make_wait(1, BIOMETRIC_FINGER);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_IRIS);
    make_wait(1, BIOMETRIC_IRIS);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_FACE);
    make_wait(1, BIOMETRIC_FACE);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_OTP);
    box.core.settings.channel_phone = box.core.settings.channel_email = false;
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_LATER);
}

static void where_nothing_is_left_the_error_keeps_its_own_words(void **state) {
    (void)state;
    enrolled.count = 2;
    box.core.settings.channel_phone = box.core.settings.channel_email = false;
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_OF_ERROR);
}

/* One condition after the other is taken away: iris, face, code, nothing. */
static void what_is_not_enrolled_is_not_advised(void **state) {
    (void)state;
    struct best_finger_refusal refusal = refused_finger();
    enrolled.count = 2;
    enrol(BIOMETRIC_FACE, 0);
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_FACE);
    enrolled.count = 2;
    assert_int_equal(advise_finger(request_about(1)), MOSIP_ACTION_TRY_OTP);
    refusal.enrolled = NULL;
    assert_int_equal(advise(request_about(1), MOSIP_BIA_001, "FINGER", &refusal),
                     MOSIP_ACTION_TRY_OTP);
}

static enum mosip_action advise_without(uint32_t types, uint32_t locks) {
    struct request *request = request_about(1);
    request->policy.allowed = ~types;
    request->identity->locks = locks;
    return advise_finger(request);
}

#define FINGERS (AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR))
#define IRIS    AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS)
#define FACE    AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE)

static void what_policy_or_country_forbid_is_not_advised(void **state) {
    (void)state;
    assert_int_equal(advise_without(FINGERS, 0), MOSIP_ACTION_TRY_IRIS);
    assert_int_equal(advise_without(FINGERS | IRIS, 0), MOSIP_ACTION_TRY_FACE);
    assert_int_equal(advise_without(FINGERS | IRIS | FACE, 0), MOSIP_ACTION_TRY_OTP);
    assert_int_equal(
        advise_without(FINGERS | IRIS | FACE | AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST), 0),
        MOSIP_ACTION_OF_ERROR);
    assert_int_equal(advise_without(AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER), 0),
                     MOSIP_ACTION_TRY_LEFT_INDEX);
    box.core.settings.auth_type_set &= ~FINGERS;
    assert_int_equal(advise_without(0, 0), MOSIP_ACTION_TRY_IRIS);
    box.core.settings.auth_type_set &= ~(IRIS | FACE);
    assert_int_equal(advise_without(0, 0), MOSIP_ACTION_TRY_OTP);
    box.core.settings.auth_type_set = 0;
    assert_int_equal(advise_without(0, 0), MOSIP_ACTION_OF_ERROR);
}

static void what_is_locked_is_not_advised(void **state) {
    (void)state;
    assert_int_equal(advise_without(0, LOCK_BIO_FINGER), MOSIP_ACTION_TRY_IRIS);
    assert_int_equal(advise_without(0, LOCK_BIO_FINGER | LOCK_BIO_IRIS), MOSIP_ACTION_TRY_FACE);
    uint32_t biometrics = LOCK_BIO_FINGER | LOCK_BIO_IRIS | LOCK_BIO_FACE;
    assert_int_equal(advise_without(0, biometrics), MOSIP_ACTION_TRY_OTP);
    assert_int_equal(advise_without(0, biometrics | LOCK_OTP_PHONE), MOSIP_ACTION_TRY_OTP);
    assert_int_equal(advise_without(0, biometrics | LOCK_OTP_EMAIL), MOSIP_ACTION_TRY_OTP);
    assert_int_equal(advise_without(0, biometrics | LOCK_OTP_PHONE | LOCK_OTP_EMAIL),
                     MOSIP_ACTION_OF_ERROR);
}

static void a_code_is_advised_to_whom_it_can_reach(void **state) {
    (void)state;
    enrolled.count = 2;
    struct request *request = request_about(1);
    request->identity->phone[0] = request->identity->email[0] = '\0';
    assert_int_equal(advise_finger(request), MOSIP_ACTION_OF_ERROR);
    request = request_about(1);
    request->factors |= AUTH_TYPE_BIT(AUTH_TYPE_OTP); /* it came with the finger */
    assert_int_equal(advise_finger(request), MOSIP_ACTION_OF_ERROR);
    request = request_about(1);
    request->identity->birth_year = 2100; /* a child, and children get no codes */
    assert_int_equal(advise_finger(request), MOSIP_ACTION_TRY_OTP);
    request = request_about(1);
    int year, month, day;
    clock_date(request->received_wall_ms, &year, &month, &day);
    request->identity->birth_year = (int16_t)(year - 1);
    assert_int_equal(advise_finger(request), MOSIP_ACTION_OF_ERROR);
}

static void another_modality_that_failed_does_not_lead_back_to_it(void **state) {
    (void)state;
    const struct best_finger_seen matched = {RIGHT_INDEX, true};
    struct best_finger_refusal refusal = {
        .modality = BIOMETRIC_IRIS, .presented = 1 << BIOMETRIC_IRIS, .enrolled = &enrolled};
    assert_int_equal(advise(request_about(1), MOSIP_BIA_001, "IRIS", &refusal),
                     MOSIP_ACTION_TRY_RIGHT_INDEX);
    refusal.presented |= 1 << BIOMETRIC_FINGER; /* it did match */
    refusal.seen = &matched;
    refusal.seen_count = 1;
    assert_int_equal(advise(request_about(1), MOSIP_BIA_001, "IRIS", &refusal),
                     MOSIP_ACTION_TRY_FACE);
    refusal.presented |= 1 << BIOMETRIC_FACE;
    assert_int_equal(advise(request_about(1), MOSIP_BIA_001, "IRIS", &refusal),
                     MOSIP_ACTION_TRY_OTP);
}

/* Two fingers, of which one matched, are left out both. */
static void advice_does_not_tell_which_finger_failed(void **state) {
    (void)state;
    const struct best_finger_seen seen[2][2] = {{{RIGHT_INDEX, true}, {LEFT_INDEX, false}},
                                                {{RIGHT_INDEX, false}, {LEFT_INDEX, true}}};
    for (size_t i = 0; i < 2; i++) {
        struct best_finger_refusal refusal = refused_finger();
        refusal.seen = seen[i];
        refusal.seen_count = 2;
        assert_int_equal(advise(request_about(1), MOSIP_BIA_001, "FINGER", &refusal),
                         MOSIP_ACTION_TRY_LEFT_THUMB);
    }
}

#define FINGER_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        FINGER_TEST(the_next_finger_is_enrolled_and_was_not_presented),
        FINGER_TEST(the_finger_with_the_best_record_comes_first),
        FINGER_TEST(the_record_outlives_the_programs),
        FINGER_TEST(the_record_is_sealed_to_its_row),
        FINGER_TEST(a_damaged_record_is_begun_anew),
        FINGER_TEST(what_cannot_be_noted_refuses_nobody),
        FINGER_TEST(a_policy_that_does_not_name_factors_names_none),
        FINGER_TEST(a_finger_is_named_only_after_a_comparison),
        FINGER_TEST(errors_of_other_factors_are_left_alone),
        FINGER_TEST(fingers_that_must_wait_give_way_to_other_factors),
        FINGER_TEST(where_nothing_is_left_the_error_keeps_its_own_words),
        FINGER_TEST(what_is_not_enrolled_is_not_advised),
        FINGER_TEST(what_policy_or_country_forbid_is_not_advised),
        FINGER_TEST(what_is_locked_is_not_advised),
        FINGER_TEST(a_code_is_advised_to_whom_it_can_reach),
        FINGER_TEST(another_modality_that_failed_does_not_lead_back_to_it),
        FINGER_TEST(advice_does_not_tell_which_finger_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
