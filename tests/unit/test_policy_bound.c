#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/finger.h"
#include "authd/store/policy_bound.h"

static const struct false_match_row face_rows[] = {
    {300000, FALSE_MATCH_CERTAIN / 100},
    {400000, FALSE_MATCH_CERTAIN / 20000},
};
static const struct false_match_table face_table = {
    .measure = FALSE_MATCH_SCORE, .count = 2, .rows = face_rows};

#define FINGER AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER)
#define IRIS   AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS)
#define FACE   AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE)
#define FMR    AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR)

static void assert_nothing_passes(const struct policy_thresholds *thresholds) {
    assert_int_equal(thresholds->finger, UINT32_MAX);
    assert_true(thresholds->iris < 0);
    assert_int_equal(thresholds->face, INT32_MAX);
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++)
        assert_int_equal(thresholds->plugin[i], UINT32_MAX);
}

static void a_policy_that_says_nothing_has_the_defaults(void **state) {
    (void)state;
    const struct policy policy = {.allowed = FINGER | IRIS | FACE};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, &face_table, &thresholds), ERR_OK);
    assert_int_equal(thresholds.finger, FINGER_SCORE_FMR_1E4);
    assert_int_equal(thresholds.iris, 3000);
    assert_int_equal(thresholds.face, 400000);
    assert_int_equal(thresholds.plugin[POLICY_FINGER], 4000);
    assert_int_equal(thresholds.plugin[POLICY_IRIS], 6000);
    assert_int_equal(thresholds.plugin[POLICY_FACE], 4000);
    assert_memory_equal(thresholds.presented, ((const uint8_t[]){2, 2, 1}), 3);
    assert_int_equal(thresholds.ceiling, FALSE_MATCH_CERTAIN / 100);
    /* 1e-4 × 2 × 4 × 5, 1e-6 × 2 × 4 × 5, 1e-4 × 1 × 4 × 5 */
    assert_int_equal(thresholds.bound.modality[POLICY_FINGER], UINT64_C(4000000000));
    assert_int_equal(thresholds.bound.modality[POLICY_IRIS], UINT64_C(40000000));
    assert_int_equal(thresholds.bound.modality[POLICY_FACE], UINT64_C(2000000000));
    assert_int_equal(thresholds.bound.transaction, UINT64_C(6040000000));
}

static void a_modality_that_is_not_allowed_lets_nothing_pass(void **state) {
    (void)state;
    const struct {
        uint32_t allowed;
        bool passes[POLICY_BIOMETRICS];
    } cases[] = {{AUTH_TYPE_BIT(AUTH_TYPE_OTP), {false, false, false}},
                 {FINGER, {true, false, false}},
                 {FMR, {true, false, false}},
                 {IRIS, {false, true, false}},
                 {FACE | FMR, {true, false, true}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct policy policy = {.allowed = cases[i].allowed};
        struct policy_thresholds thresholds;
        assert_int_equal(policy_bound_check(&policy, &face_table, &thresholds), ERR_OK);
        const bool *passes = cases[i].passes;
        assert_int_equal(thresholds.finger != UINT32_MAX, passes[POLICY_FINGER]);
        assert_int_equal(thresholds.iris >= 0, passes[POLICY_IRIS]);
        assert_int_equal(thresholds.face != INT32_MAX, passes[POLICY_FACE]);
        for (size_t j = 0; j < POLICY_BIOMETRICS; j++) {
            assert_int_equal(thresholds.plugin[j] != UINT32_MAX, passes[j]);
            assert_int_equal(thresholds.presented[j] != 0, passes[j]);
        }
    }
}

static void without_a_face_model_a_plug_in_alone_compares_faces(void **state) {
    (void)state;
    const struct policy policy = {.allowed = FACE};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_OK);
    assert_int_equal(thresholds.face, INT32_MAX);
    assert_int_equal(thresholds.plugin[POLICY_FACE], 4000);
}

static void a_policy_above_its_ceiling_is_refused_with_its_arithmetic(void **state) {
    (void)state;
    struct policy policy = {.allowed = FINGER};
    struct policy_thresholds thresholds;
    policy.biometrics.ceiling = UINT64_C(4000000000);
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_OK);
    policy.biometrics.ceiling--;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_DENIED);
    assert_nothing_passes(&thresholds);
    assert_int_equal(thresholds.rate[POLICY_FINGER], FALSE_MATCH_CERTAIN / 10000);
    assert_int_equal(thresholds.presented[POLICY_FINGER], 2);
    assert_int_equal(thresholds.enrolled[POLICY_FINGER], ENROLLED_A_PART_MAX);
    assert_int_equal(thresholds.bound.transaction, UINT64_C(4000000000));
    assert_int_equal(thresholds.ceiling, UINT64_C(3999999999));
}

static void modalities_add_up(void **state) {
    (void)state;
    struct policy policy = {.allowed = FINGER | FACE, .biometrics.ceiling = UINT64_C(6000000000)};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, &face_table, &thresholds), ERR_OK);
    policy.allowed |= IRIS;
    assert_int_equal(policy_bound_check(&policy, &face_table, &thresholds), ERR_DENIED);
    assert_int_equal(thresholds.bound.transaction, UINT64_C(6040000000));
}

static void any_position_meets_all_that_is_enrolled(void **state) {
    (void)state;
    struct policy policy = {.allowed = FINGER | IRIS | FACE, .biometrics.any_position = true};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_DENIED);
    assert_int_equal(thresholds.bound.comparisons[POLICY_FINGER], 2 * ENROLLED_MAX * 5);
    assert_int_equal(thresholds.bound.comparisons[POLICY_IRIS], 2 * 8 * 5);
    assert_int_equal(thresholds.bound.comparisons[POLICY_FACE], 1 * 4 * 5);
    policy.biometrics.ceiling = FALSE_MATCH_CERTAIN / 25;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_OK);
}

static void a_policys_own_rates_choose_the_thresholds(void **state) {
    (void)state;
    struct policy policy = {
        .allowed = FINGER | IRIS,
        .biometrics = {.rate = {FALSE_MATCH_CERTAIN / 1000, FALSE_MATCH_CERTAIN / 3000000},
                       .presented = {1, 1},
                       .ceiling = FALSE_MATCH_CERTAIN / 10}};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_OK);
    assert_int_equal(thresholds.finger, FINGER_SCORE_FMR_1E3);
    assert_int_equal(thresholds.plugin[POLICY_FINGER], 3000);
    assert_int_equal(thresholds.iris, 3000);
    /* 1000 · log10(3,000,000) = 6477.1 */
    assert_int_equal(thresholds.plugin[POLICY_IRIS], 6478);
    assert_memory_equal(thresholds.presented, ((const uint8_t[]){1, 1, 0}), 3);
}

static void the_most_lenient_policy_still_wants_something_of_a_plug_in(void **state) {
    (void)state;
    const struct policy policy = {
        .allowed = FINGER,
        .biometrics = {.rate = {FALSE_MATCH_CERTAIN}, .ceiling = FALSE_MATCH_CERTAIN}};
    struct policy_thresholds thresholds;
    assert_int_equal(policy_bound_check(&policy, NULL, &thresholds), ERR_OK);
    assert_int_equal(thresholds.plugin[POLICY_FINGER], FINGER_SCORE_FMR_1E2);
    assert_int_equal(thresholds.finger, FINGER_SCORE_FMR_1E2);
}

static void what_no_table_claims_and_what_nobody_has_is_refused(void **state) {
    (void)state;
    const struct policy_biometrics bad[] = {
        {.rate = {FALSE_MATCH_CERTAIN / 20000}}, /* no finger was measured so far */
        {.rate = {FALSE_MATCH_CERTAIN + 1}},
        {.rate = {0, 1}},
        {.rate = {0, 0, FALSE_MATCH_CERTAIN / 30000}},
        {.presented = {11}},
        {.presented = {0, 3}},
        {.presented = {0, 0, 2}},
        {.ceiling = FALSE_MATCH_CERTAIN + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct policy policy = {.allowed = FINGER | IRIS | FACE, .biometrics = bad[i]};
        struct policy_thresholds thresholds;
        assert_int_equal(policy_bound_check(&policy, &face_table, &thresholds), ERR_CONFIG);
        assert_nothing_passes(&thresholds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_says_nothing_has_the_defaults),
        cmocka_unit_test(a_modality_that_is_not_allowed_lets_nothing_pass),
        cmocka_unit_test(without_a_face_model_a_plug_in_alone_compares_faces),
        cmocka_unit_test(a_policy_above_its_ceiling_is_refused_with_its_arithmetic),
        cmocka_unit_test(modalities_add_up),
        cmocka_unit_test(any_position_meets_all_that_is_enrolled),
        cmocka_unit_test(a_policys_own_rates_choose_the_thresholds),
        cmocka_unit_test(the_most_lenient_policy_still_wants_something_of_a_plug_in),
        cmocka_unit_test(what_no_table_claims_and_what_nobody_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
