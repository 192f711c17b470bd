#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "authd/match/finger.h"
#include "tests/unit/finger_sample.h"

/*
 * Of n comparisons without a false match, the rate is below 3/n with 95 % confidence: to say one in
 * ten thousand needs 30,000, and ten times as many make the claim for the rarer too.
 */
enum { FINGERS = 780, COMPARISONS = FINGERS * (FINGERS - 1) / 2 };
_Static_assert(COMPARISONS > 300000, "enough to claim");

static struct finger_prepared enrolled[FINGERS], probes[FINGERS];
static uint32_t scores[COMPARISONS];
static uint32_t same[FINGERS];

static int compare_all(void **state) {
    (void)state;
    static struct finger_scratch scratch;
    struct finger_template template;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_poor(i, 1, &template);
        assert_int_equal(finger_prepare(&template, &enrolled[i]), ERR_OK);
        finger_sample_poor(i, 2, &template);
        assert_int_equal(finger_prepare(&template, &probes[i]), ERR_OK);
    }
    unsigned count = 0;
    for (unsigned i = 0; i < FINGERS; i++) {
        same[i] = finger_compare(&enrolled[i], &probes[i], &scratch);
        for (unsigned j = 0; j < i; j++)
            scores[count++] = finger_compare(&enrolled[i], &probes[j], &scratch);
    }
    return 0;
}

static unsigned reaching(const uint32_t *list, unsigned count, uint32_t threshold) {
    unsigned reached = 0;
    for (unsigned i = 0; i < count; i++)
        reached += list[i] >= threshold;
    print_message("threshold %u: %u of %u\n", threshold, reached, count);
    return reached;
}

static void different_fingers_reach_no_threshold_more_often_than_it_says(void **state) {
    (void)state;
    assert_in_range(reaching(scores, COMPARISONS, FINGER_SCORE_FMR_1E2), 0, COMPARISONS / 100);
    assert_in_range(reaching(scores, COMPARISONS, FINGER_SCORE_FMR_1E3), 0, COMPARISONS / 1000);
    assert_in_range(reaching(scores, COMPARISONS, FINGER_SCORE_FMR_1E4), 0, COMPARISONS / 10000);
}

static void the_same_finger_reaches_them_nearly_always(void **state) {
    (void)state;
    assert_in_range(reaching(same, FINGERS, FINGER_SCORE_FMR_1E2), FINGERS * 95 / 100, FINGERS);
    assert_in_range(reaching(same, FINGERS, FINGER_SCORE_FMR_1E4), FINGERS * 90 / 100, FINGERS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_fingers_reach_no_threshold_more_often_than_it_says),
        cmocka_unit_test(the_same_finger_reaches_them_nearly_always),
    };
    return cmocka_run_group_tests(tests, compare_all, NULL);
}
