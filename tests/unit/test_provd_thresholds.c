#include <string.h>

#include "tests/unit/provd_box.h"

#include "authd/match/false_match_table.h"
#include "authd/store/policy_bound.h"

#define FINGER AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER)
#define IRIS   AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS)
#define FACE   AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE)

static struct policy a_policy(uint32_t allowed) {
    return (struct policy){.id = "daam",
                           .name = "Daam",
                           .status = STATUS_ACTIVE,
                           .allowed = allowed,
                           .token_type = AUTH_TOKEN_PARTNER};
}

static struct officer_outcome add(struct provd_box *box, const struct policy *policy) {
    uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_policy(&buffer, policy);
    return provd_box_change(box, OFFICER_POLICY_ADD, &buffer);
}

static void assert_refused(struct provd_box *box, const struct policy *policy,
                           enum officer_reason reason, const char *detail) {
    struct policy found;
    struct officer_outcome outcome = add(box, policy);
    provd_box_assert_refused(outcome, reason);
    assert_string_equal(outcome.detail, detail);
    assert_int_equal(registry_policy(box->provd.registry, policy->id, &found), ERR_NOT_FOUND);
}

static struct provd_box *initialised(void **state) {
    provd_box_initialise(*state);
    return *state;
}

static void a_policys_thresholds_are_kept(void **state) {
    struct provd_box *box = initialised(state);
    struct policy policy = a_policy(FINGER), found;
    policy.biometrics = (struct policy_biometrics){.rate = {FALSE_MATCH_CERTAIN / 1000},
                                                   .presented = {3},
                                                   .ceiling = FALSE_MATCH_CERTAIN / 10,
                                                   .names_factors = true};
    provd_box_assert_done(add(box, &policy));
    assert_int_equal(registry_policy(box->provd.registry, "daam", &found), ERR_OK);
    assert_int_equal(found.biometrics.rate[POLICY_FINGER], FALSE_MATCH_CERTAIN / 1000);
    assert_int_equal(found.biometrics.presented[POLICY_FINGER], 3);
    assert_int_equal(found.biometrics.ceiling, FALSE_MATCH_CERTAIN / 10);
    assert_true(found.biometrics.names_factors);
    assert_false(found.biometrics.any_position);
}

static void the_defaults_stay_below_their_ceiling(void **state) {
    struct provd_box *box = initialised(state);
    struct policy policy = a_policy(FINGER | IRIS | FACE);
    provd_box_assert_done(add(box, &policy));
}

static void a_policy_above_its_ceiling_is_refused_with_the_arithmetic(void **state) {
    struct provd_box *box = initialised(state);
    struct policy policy = a_policy(FINGER);
    policy.biometrics.ceiling = FALSE_MATCH_CERTAIN / 1000;
    assert_refused(box, &policy, OFFICER_REASON_CEILING, "finger 0.0001x2x4x5 = 0.004 > 0.001");
    policy = a_policy(FINGER | IRIS | FACE);
    policy.biometrics.ceiling = FALSE_MATCH_CERTAIN / 200;
    assert_refused(box, &policy, OFFICER_REASON_CEILING,
                   "finger 0.0001x2x4x5 + iris 0.000001x2x4x5 + face 0.0001x1x4x5 = 0.00604 > "
                   "0.005");
    policy = a_policy(FINGER);
    policy.biometrics.any_position = true;
    assert_refused(box, &policy, OFFICER_REASON_CEILING, "finger 0.0001x2x32x5 = 0.032 > 0.01");
    policy = a_policy(FACE);
    policy.biometrics.rate[POLICY_FACE] = FALSE_MATCH_CERTAIN;
    assert_refused(box, &policy, OFFICER_REASON_CEILING, "face 1x1x4x5 = 1 > 0.01");
}

/* The longest arithmetic there can be is told whole. */
static void no_arithmetic_is_too_long_to_be_told(void **state) {
    struct provd_box *box = initialised(state);
    struct policy policy = a_policy(FINGER | IRIS | FACE);
    policy.biometrics = (struct policy_biometrics){.rate = {FALSE_MATCH_CERTAIN / 2 - 1,
                                                            FALSE_MATCH_CERTAIN / 2 - 1,
                                                            FALSE_MATCH_CERTAIN / 2 - 1},
                                                   .presented = {10, 2, 1},
                                                   .ceiling = 1,
                                                   .any_position = true};
    assert_refused(box, &policy, OFFICER_REASON_CEILING,
                   "finger 0.499999999999x10x32x5 + iris 0.499999999999x2x8x5 + face "
                   "0.499999999999x1x4x5 = 1 > 0.000000000001");
}

static void a_rate_that_nobody_measured_is_refused_with_the_least(void **state) {
    struct provd_box *box = initialised(state);
    struct policy policy = a_policy(FINGER | IRIS);
    policy.biometrics.rate[POLICY_FINGER] = FALSE_MATCH_CERTAIN / 100000;
    assert_refused(box, &policy, OFFICER_REASON_RATE, "finger: 0.0001");
    policy.biometrics.rate[POLICY_FINGER] = 0;
    policy.biometrics.rate[POLICY_IRIS] = 1;
    assert_refused(box, &policy, OFFICER_REASON_RATE, "iris: 0.000000233595");
    policy.allowed = FINGER; /* a rate that nothing uses */
    provd_box_assert_done(add(box, &policy));
}

static void more_than_a_person_has_is_refused_by_its_field(void **state) {
    struct provd_box *box = initialised(state);
    static const struct {
        uint8_t presented[POLICY_BIOMETRICS];
        const char *field;
    } cases[] = {{{11, 0, 0}, "biometrics.finger.atMost"},
                 {{0, 3, 0}, "biometrics.iris.atMost"},
                 {{0, 0, 2}, "biometrics.face.atMost"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy policy = a_policy(AUTH_TYPE_BIT(AUTH_TYPE_OTP));
        memcpy(policy.biometrics.presented, cases[i].presented, POLICY_BIOMETRICS);
        assert_refused(box, &policy, OFFICER_REASON_VALUE, cases[i].field);
    }
}

/* ---- hotlist ---- */

static struct officer_outcome hotlist(struct provd_box *box,
                                      const struct officer_hotlist *question) {
    uint8_t memory[1024];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_hotlist(&buffer, question);
    return provd_box_change(box, OFFICER_HOTLIST, &buffer);
}

static bool is_blocked(struct provd_box *box, enum hotlist_kind kind, const char *id, int64_t at) {
    bool blocked = false;
    assert_int_equal(registry_hotlisted(box->provd.registry, kind, bytes_of_text(id), at, &blocked),
                     ERR_OK);
    return blocked;
}

static void a_device_is_blocked_and_let_in_again(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_hotlist question = {
        .kind = HOTLIST_DEVICE, .id = "SN-0042ACMEF 200", .blocked = true};
    provd_box_assert_done(hotlist(box, &question));
    assert_true(is_blocked(box, HOTLIST_DEVICE, question.id, INT64_MAX));
    assert_false(is_blocked(box, HOTLIST_DEVICE_PROVIDER, question.id, 0));
    assert_string_equal(box->audits[box->audit_count - 1].action, "hotlist");
    assert_string_equal(box->audits[box->audit_count - 1].subject, "block device SN-0042ACMEF?200");
    question.blocked = false;
    provd_box_assert_done(hotlist(box, &question));
    assert_false(is_blocked(box, HOTLIST_DEVICE, question.id, 0));
    question = (struct officer_hotlist){
        .kind = HOTLIST_DEVICE_PROVIDER, .id = "ACME", .blocked = true, .until_ms = 1000};
    provd_box_assert_done(hotlist(box, &question));
    assert_true(is_blocked(box, HOTLIST_DEVICE_PROVIDER, "ACME", 999));
    assert_false(is_blocked(box, HOTLIST_DEVICE_PROVIDER, "ACME", 1000));
}

/* As long as a device can be named, in letters of two bytes: the journal has the beginning. */
static void a_long_name_in_another_script_is_blocked_too(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_hotlist question = {.kind = HOTLIST_DEVICE_PROVIDER, .blocked = true};
    for (size_t i = 0; i + 2 < sizeof question.id; i += 2)
        memcpy(question.id + i, "é", 2);
    provd_box_assert_done(hotlist(box, &question));
    assert_true(is_blocked(box, HOTLIST_DEVICE_PROVIDER, question.id, 0));
}

static void an_entry_that_makes_no_sense_is_refused(void **state) {
    struct provd_box *box = initialised(state);
    const struct {
        struct officer_hotlist question;
        const char *field;
    } cases[] = {
        {{.kind = HOTLIST_DEVICE, .blocked = true}, "id"},
        {{.kind = HOTLIST_DEVICE, .id = "a\nb", .blocked = true}, "id"},
        {{.kind = HOTLIST_DEVICE, .id = "a", .until_ms = 5}, "until"},
        {{.kind = HOTLIST_DEVICE, .id = "a", .blocked = true, .until_ms = -1}, "until"},
    };
    size_t audits = box->audit_count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct officer_outcome outcome = hotlist(box, &cases[i].question);
        provd_box_assert_refused(outcome, OFFICER_REASON_VALUE);
        assert_string_equal(outcome.detail, cases[i].field);
    }
    assert_int_equal(box->audit_count, audits);
    assert_false(is_blocked(box, HOTLIST_DEVICE, "a", 0));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_policys_thresholds_are_kept),
        TEST(the_defaults_stay_below_their_ceiling),
        TEST(a_policy_above_its_ceiling_is_refused_with_the_arithmetic),
        TEST(no_arithmetic_is_too_long_to_be_told),
        TEST(a_rate_that_nobody_measured_is_refused_with_the_least),
        TEST(more_than_a_person_has_is_refused_by_its_field),
        TEST(a_device_is_blocked_and_let_in_again),
        TEST(a_long_name_in_another_script_is_blocked_too),
        TEST(an_entry_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
