#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "authd/match/finger.h"
#include "authd/match/finger_fuse.h"
#include "authd/match/finger_logarithm.h"

static void one_score_stays_as_it_is(void **state) {
    (void)state;
    const uint32_t score = 3210;
    assert_int_equal(finger_fuse_fingers(&score, 1), score);
    assert_int_equal(finger_fuse_impressions(&score, 1), score);
    assert_int_equal(finger_fuse_fingers(&score, 0), 0);
    assert_int_equal(finger_fuse_impressions(&score, 0), 0);
}

static void two_good_fingers_say_more_than_either(void **state) {
    (void)state;
    const uint32_t scores[] = {3500, 3600};
    assert_in_range(finger_fuse_fingers(scores, 2), 4500, 7100);
}

/* Two at one in a thousand, above what says nothing: p (1 - ln p) with p = 1e-6, and half of it for
 * the choice. */
static void fingers_are_fused_as_fisher_says(void **state) {
    (void)state;
    const uint32_t scores[] = {3500, 3500};
    double p = 1e-6 * (1 - log(1e-6));
    assert_in_range(finger_fuse_fingers(scores, 2), (unsigned)(-1000 * log10(2 * p)) - 1,
                    (unsigned)(-1000 * log10(2 * p)) + 1);
}

static void a_finger_that_says_nothing_costs_little(void **state) {
    (void)state;
    const uint32_t scores[] = {5000, 0};
    assert_in_range(finger_fuse_fingers(scores, 2), 4390, 4400);
}

static void two_poor_fingers_are_no_good_one(void **state) {
    (void)state;
    const uint32_t scores[] = {300, 400, 200, 500};
    assert_in_range(finger_fuse_fingers(scores, 4), 0, 600);
}

/* As from a template that was made to be a little like everybody's: no number of fingers helps. */
static void a_little_of_every_finger_is_no_match(void **state) {
    (void)state;
    uint32_t scores[10];
    for (size_t count = 1; count <= 10; count++) {
        scores[count - 1] = count % 2 == 0 ? 1300 : 1100;
        assert_in_range(finger_fuse_fingers(scores, count), 0, 1999);
    }
}

static void a_second_impression_that_agrees_confirms(void **state) {
    (void)state;
    const uint32_t agree[] = {4000, 3800}, alone[] = {4000, 100}, many[] = {100, 4000, 50, 3800};
    assert_in_range(finger_fuse_impressions(agree, 2), 3700, 3800);
    assert_in_range(finger_fuse_impressions(alone, 2), 1800, 1900);
    assert_in_range(finger_fuse_impressions(many, 4), 3450, 3550);
}

static void order_does_not_matter(void **state) {
    (void)state;
    const uint32_t one[] = {1000, 2500, 1700}, other[] = {2500, 1700, 1000};
    assert_int_equal(finger_fuse_fingers(one, 3), finger_fuse_fingers(other, 3));
    assert_int_equal(finger_fuse_impressions(one, 3), finger_fuse_impressions(other, 3));
}

static void any_number_of_any_scores_can_be_fused(void **state) {
    (void)state;
    static uint32_t scores[1000];
    for (unsigned i = 0; i < 1000; i++)
        scores[i] = FINGER_SCORE_MAX;
    assert_int_equal(finger_fuse_fingers(scores, 1000), FINGER_SCORE_MAX);
    assert_int_equal(finger_fuse_impressions(scores, 1000), FINGER_SCORE_MAX - 2699);
    for (unsigned i = 0; i < 1000; i++)
        scores[i] = 0;
    assert_int_equal(finger_fuse_fingers(scores, 1000), 0);
    assert_int_equal(finger_fuse_impressions(scores, 1000), 0);
}

static void logarithms_are_exact_enough(void **state) {
    (void)state;
    for (double x = 1e-30; x < 1e100; x *= 1.37)
        assert_true(fabs(finger_logarithm(x) - log(x)) < 1e-7 * (1 + fabs(log(x))));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_score_stays_as_it_is),
        cmocka_unit_test(two_good_fingers_say_more_than_either),
        cmocka_unit_test(fingers_are_fused_as_fisher_says),
        cmocka_unit_test(a_finger_that_says_nothing_costs_little),
        cmocka_unit_test(two_poor_fingers_are_no_good_one),
        cmocka_unit_test(a_little_of_every_finger_is_no_match),
        cmocka_unit_test(a_second_impression_that_agrees_confirms),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(any_number_of_any_scores_can_be_fused),
        cmocka_unit_test(logarithms_are_exact_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
