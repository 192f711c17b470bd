#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "authd/match/false_match.h"
#include "authd/match/finger.h"
#include "authd/match/iris_code.h"

/* One in so many. */
#define ONE_IN(n) (FALSE_MATCH_CERTAIN / (n))

static const struct false_match_use finger = {
    .rate = ONE_IN(10000), .presented = 2, .enrolled = 10, .tries = 5};
static const struct false_match_use iris = {
    .rate = ONE_IN(1000000), .presented = 2, .enrolled = 2, .tries = 5};

static void fingers_enrolled_and_tries_multiply(void **state) {
    (void)state;
    struct false_match_bound bound;
    struct false_match_policy policy = {.uses = {finger}, .ceiling = ONE_IN(100)};
    assert_int_equal(false_match_check(&policy, &bound), ERR_OK); /* exactly at its ceiling */
    assert_int_equal(bound.comparisons[FALSE_MATCH_FINGER], 100);
    assert_true(bound.modality[FALSE_MATCH_FINGER] == ONE_IN(100));
    assert_true(bound.transaction == ONE_IN(100));
    assert_true(bound.modality[FALSE_MATCH_IRIS] == 0 && bound.modality[FALSE_MATCH_FACE] == 0);
}

static void a_policy_above_its_ceiling_is_refused_with_what_it_comes_to(void **state) {
    (void)state;
    struct false_match_bound bound;
    struct false_match_policy policy = {.uses = {finger}, .ceiling = ONE_IN(100) - 1};
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    assert_true(bound.transaction == ONE_IN(100));
    policy.ceiling = ONE_IN(2000);
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    policy.uses[FALSE_MATCH_FINGER].presented = 1; /* one finger, against its own impression */
    policy.uses[FALSE_MATCH_FINGER].enrolled = 1;
    assert_int_equal(false_match_check(&policy, &bound), ERR_OK);
    assert_true(bound.transaction == ONE_IN(2000));
}

static void modalities_of_which_one_will_do_add_up(void **state) {
    (void)state;
    struct false_match_bound bound;
    struct false_match_policy policy = {.uses = {finger, iris}, .ceiling = ONE_IN(100)};
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    assert_true(bound.transaction == ONE_IN(100) + 20 * ONE_IN(1000000));
    policy.ceiling = bound.transaction;
    assert_int_equal(false_match_check(&policy, &bound), ERR_OK);
}

static void of_modalities_that_must_all_match_the_strictest_counts(void **state) {
    (void)state;
    struct false_match_bound bound;
    struct false_match_policy policy = {
        .uses = {finger, iris}, .rule = FALSE_MATCH_ALL, .ceiling = 20 * ONE_IN(1000000)};
    assert_int_equal(false_match_check(&policy, &bound), ERR_OK);
    assert_true(bound.transaction == 20 * ONE_IN(1000000));
    assert_true(bound.modality[FALSE_MATCH_FINGER] == ONE_IN(100));
    policy.ceiling--;
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
}

static void nothing_is_more_than_certain(void **state) {
    (void)state;
    static const struct false_match_use all = {
        .rate = FALSE_MATCH_CERTAIN, .presented = 65535, .enrolled = 65535, .tries = 65535};
    struct false_match_bound bound;
    struct false_match_policy policy = {.uses = {all, all, all}, .ceiling = FALSE_MATCH_CERTAIN};
    assert_int_equal(false_match_check(&policy, &bound), ERR_OK);
    assert_true(bound.transaction == FALSE_MATCH_CERTAIN);
    policy.ceiling--;
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    policy.uses[0].rate = policy.uses[1].rate = policy.uses[2].rate = 1;
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    assert_true(bound.transaction == FALSE_MATCH_CERTAIN);
}

static void no_product_is_so_large_that_it_looks_small(void **state) {
    (void)state;
    struct false_match_bound bound;
    struct false_match_policy policy = {.uses = {{UINT64_C(1) << 39, 512, 256, 256}},
                                        .ceiling = FALSE_MATCH_CERTAIN - 1};
    assert_true(policy.uses[0].rate * (512u * 256 * 256) == 0);
    assert_int_equal(false_match_check(&policy, &bound), ERR_DENIED);
    assert_true(bound.transaction == FALSE_MATCH_CERTAIN);
}

static void what_cannot_be_computed_is_certain_and_refused(void **state) {
    (void)state;
    static const struct false_match_policy bad[] = {
        {.ceiling = FALSE_MATCH_CERTAIN}, /* uses nothing */
        {.uses = {finger}, .ceiling = 0},
        {.uses = {finger}, .ceiling = FALSE_MATCH_CERTAIN + 1},
        {.uses = {finger}, .rule = (enum false_match_rule)2, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {{0, 1, 1, 1}}, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {{FALSE_MATCH_CERTAIN + 1, 1, 1, 1}}, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {{1, 0, 1, 1}}, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {{1, 1, 0, 1}}, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {{1, 1, 1, 0}}, .ceiling = FALSE_MATCH_CERTAIN},
        {.uses = {finger, {1, 0, 0, 0}}, .ceiling = FALSE_MATCH_CERTAIN},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct false_match_bound bound = {.transaction = 1};
        assert_int_equal(false_match_check(&bad[i], &bound), ERR_CONFIG);
        assert_true(bound.transaction == FALSE_MATCH_CERTAIN);
    }
}

static void nothing_is_claimed_between_rows(void **state) {
    (void)state;
    const struct false_match_table *table = &false_match_table_finger;
    assert_int_equal(false_match_table_check(table), ERR_OK);
    assert_true(false_match_table_rate(table, INT32_MIN) == FALSE_MATCH_CERTAIN);
    assert_true(false_match_table_rate(table, FINGER_SCORE_FMR_1E2 - 1) == FALSE_MATCH_CERTAIN);
    assert_true(false_match_table_rate(table, FINGER_SCORE_FMR_1E3) == ONE_IN(1000));
    assert_true(false_match_table_rate(table, FINGER_SCORE_FMR_1E4 - 1) == ONE_IN(1000));
    assert_true(false_match_table_rate(table, FINGER_SCORE_FMR_1E4) == ONE_IN(10000));
    table = &false_match_table_iris;
    assert_int_equal(false_match_table_check(table), ERR_OK);
    uint64_t rate = table->rows[1].rate;
    assert_true(false_match_table_rate(table, table->rows[0].threshold + 1) == FALSE_MATCH_CERTAIN);
    assert_true(false_match_table_rate(table, table->rows[1].threshold) == rate);
    assert_true(false_match_table_rate(table, table->rows[2].threshold + 1) == rate);
    assert_true(false_match_table_rate(table, 0) == table->rows[table->count - 1].rate);
}

static void a_threshold_is_the_most_lenient_that_keeps_the_rate(void **state) {
    (void)state;
    int32_t threshold;
    const struct false_match_table *table = &false_match_table_finger;
    assert_int_equal(false_match_table_threshold(table, ONE_IN(5000), &threshold), ERR_OK);
    assert_int_equal(threshold, FINGER_SCORE_FMR_1E4);
    assert_int_equal(false_match_table_threshold(table, 1, &threshold), ERR_NOT_FOUND);
    assert_true(threshold > FINGER_SCORE_MAX);
    table = &false_match_table_iris;
    for (size_t i = 0; i < table->count; i++) {
        const struct false_match_row *row = &table->rows[i];
        assert_int_equal(false_match_table_threshold(table, row->rate, &threshold), ERR_OK);
        assert_int_equal(threshold, row->threshold);
        enum err err = false_match_table_threshold(table, row->rate - 1, &threshold);
        assert_int_equal(err, i + 1 < table->count ? ERR_OK : ERR_NOT_FOUND);
        assert_true(threshold < row->threshold);
    }
    assert_true(threshold < 0);
}

static void a_table_out_of_order_claims_nothing(void **state) {
    (void)state;
    static const struct false_match_row rows[][2] = {
        {{1, 9}, {1, 8}}, {{2, 9}, {1, 8}}, {{1, 9}, {2, 9}},
        {{1, 8}, {2, 9}}, {{1, 9}, {2, 0}}, {{1, FALSE_MATCH_CERTAIN + 1}, {2, 9}},
    };
    struct false_match_table table = {.measure = FALSE_MATCH_SCORE, .count = 2};
    int32_t threshold;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        table.rows = rows[i];
        assert_int_equal(false_match_table_check(&table), ERR_CONFIG);
        assert_true(false_match_table_rate(&table, 100) == FALSE_MATCH_CERTAIN);
        assert_int_equal(false_match_table_threshold(&table, FALSE_MATCH_CERTAIN, &threshold),
                         ERR_CONFIG);
        assert_int_equal(threshold, INT32_MAX);
    }
    table.count = 0;
    assert_int_equal(false_match_table_check(&table), ERR_CONFIG);
    table = false_match_table_iris;
    table.measure = FALSE_MATCH_SCORE;
    assert_int_equal(false_match_table_check(&table), ERR_CONFIG);
    table.measure = (enum false_match_measure)2;
    assert_int_equal(false_match_table_check(&table), ERR_CONFIG);
}

static double binomial_at_most(unsigned count, unsigned of) {
    double sum = 0;
    for (unsigned i = 0; i <= count; i++)
        sum += exp(lgamma(of + 1.0) - lgamma(i + 1.0) - lgamma(of - i + 1.0) - of * log(2));
    return sum;
}

static void the_table_of_irises_is_its_model(void **state) {
    (void)state;
    enum { FREEDOM = 200 };
    for (size_t i = 0; i < false_match_table_iris.count; i++) {
        const struct false_match_row *row = &false_match_table_iris.rows[i];
        double differing = ceil(row->threshold * (double)FREEDOM / IRIS_CODE_DISTANCE_MAX);
        double rate = binomial_at_most((unsigned)differing, FREEDOM) * (2 * IRIS_CODE_TURN_MAX + 1);
        double claimed = (double)row->rate / (double)FALSE_MATCH_CERTAIN;
        assert_true(fabs(claimed / rate - 1) < 1e-4);
    }
}

static void the_table_of_fingers_is_what_their_scores_mean(void **state) {
    (void)state;
    for (size_t i = 0; i < false_match_table_finger.count; i++) {
        const struct false_match_row *row = &false_match_table_finger.rows[i];
        double rate = (double)row->rate / (double)FALSE_MATCH_CERTAIN;
        assert_true(fabs(-1000 * log10(rate) - row->threshold) < 0.5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingers_enrolled_and_tries_multiply),
        cmocka_unit_test(a_policy_above_its_ceiling_is_refused_with_what_it_comes_to),
        cmocka_unit_test(modalities_of_which_one_will_do_add_up),
        cmocka_unit_test(of_modalities_that_must_all_match_the_strictest_counts),
        cmocka_unit_test(nothing_is_more_than_certain),
        cmocka_unit_test(no_product_is_so_large_that_it_looks_small),
        cmocka_unit_test(what_cannot_be_computed_is_certain_and_refused),
        cmocka_unit_test(nothing_is_claimed_between_rows),
        cmocka_unit_test(a_threshold_is_the_most_lenient_that_keeps_the_rate),
        cmocka_unit_test(a_table_out_of_order_claims_nothing),
        cmocka_unit_test(the_table_of_irises_is_its_model),
        cmocka_unit_test(the_table_of_fingers_is_what_their_scores_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
