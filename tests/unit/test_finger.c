#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/finger.h"
#include "authd/match/finger_angle.h"
#include "tests/unit/finger_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { FINGERS = 12 };

static void impressions_of_a_finger_are_alike(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_good(i, 1, &one);
        finger_sample_good(i, 2, &other);
        assert_in_range(finger_sample_score(&one, &other), FINGER_SCORE_FMR_1E4, FINGER_SCORE_MAX);
    }
}

static void impressions_of_different_fingers_are_not(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < FINGERS; i++)
        for (unsigned j = 0; j < i; j++) {
            finger_sample_good(i, 1, &one);
            finger_sample_good(j, 2, &other);
            assert_in_range(finger_sample_score(&one, &other), 0, FINGER_SCORE_FMR_1E3 - 1);
        }
}

static void the_order_of_two_fingers_does_not_matter(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < FINGERS; i++)
        for (unsigned j = 0; j <= i; j++) {
            finger_sample_poor(i, 1, &one);
            finger_sample_poor(j, 2, &other);
            assert_int_equal(finger_sample_score(&one, &other), finger_sample_score(&other, &one));
        }
}

static void the_order_of_minutiae_does_not_matter(void **state) {
    (void)state;
    struct finger_template one, other, turned_round;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_poor(i, 1, &one);
        finger_sample_poor(i, 2, &other);
        turned_round = one;
        for (unsigned k = 0; k < one.count; k++)
            turned_round.minutiae[k] = one.minutiae[one.count - 1 - k];
        assert_int_equal(finger_sample_score(&one, &other),
                         finger_sample_score(&turned_round, &other));
    }
}

static void a_minutia_given_twice_counts_once(void **state) {
    (void)state;
    struct finger_template one, other, doubled;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_poor(i, 1, &one);
        finger_sample_poor(i, 2, &other);
        doubled = one;
        for (unsigned k = 0; k < one.count && doubled.count < FINGER_TEMPLATE_MINUTIAE; k++)
            doubled.minutiae[doubled.count++] = one.minutiae[k];
        assert_int_equal(finger_sample_score(&one, &other), finger_sample_score(&doubled, &other));
    }
}

static void where_the_finger_lies_does_not_matter(void **state) {
    (void)state;
    struct finger_template one, other, shifted;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_poor(i, 1, &one);
        finger_sample_poor(i, 2, &other);
        shifted = one;
        for (unsigned k = 0; k < one.count; k++) {
            shifted.minutiae[k].x = (uint16_t)(one.minutiae[k].x + 57);
            shifted.minutiae[k].y = (uint16_t)(one.minutiae[k].y + 1311);
        }
        assert_int_equal(finger_sample_score(&one, &other), finger_sample_score(&shifted, &other));
    }
}

static void turn(struct finger_template *template, uint8_t angle) {
    for (unsigned k = 0; k < template->count; k++) {
        struct finger_minutia *minutia = &template->minutiae[k];
        float x = (float)minutia->x - 200, y = 250 - (float)minutia->y;
        minutia->x =
            (uint16_t)(1000 + finger_rounded(finger_cos(angle) * x - finger_sin(angle) * y));
        minutia->y =
            (uint16_t)(1000 - finger_rounded(finger_sin(angle) * x + finger_cos(angle) * y));
        minutia->angle = (uint8_t)(minutia->angle + angle);
    }
}

/* Places are whole pixels and a turned finger is a little less usual: nearly the same score. */
static void a_finger_turned_by_up_to_75_degrees_is_known(void **state) {
    (void)state;
    static const uint8_t angles[] = {4, 11, 23, 32, 53, 203, 224, 240, 252};
    struct finger_template one, turned;
    for (unsigned i = 0; i < FINGERS; i++)
        for (unsigned a = 0; a < COUNT_OF(angles); a++) {
            finger_sample_good(i, 1, &one);
            turned = one;
            turn(&turned, angles[a]);
            assert_in_range(finger_sample_score(&one, &turned), 2 * FINGER_SCORE_FMR_1E4,
                            FINGER_SCORE_MAX);
        }
}

static void two_fingers_turned_alike_score_nearly_the_same(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_good(i, 1, &one);
        finger_sample_good(i, 2, &other);
        uint32_t score = finger_sample_score(&one, &other);
        turn(&one, 64); /* exact but for the squares of the visible area */
        turn(&other, 64);
        uint32_t turned = finger_sample_score(&one, &other);
        assert_in_range(turned, score * 85 / 100, score * 115 / 100);
    }
}

/* How many fingers reach ${least} when ${change} was done to both impressions. */
static unsigned count_known(void (*change)(struct finger_template *template), uint32_t least) {
    struct finger_template one, other;
    unsigned known = 0;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_good(i, 1, &one);
        finger_sample_good(i, 2, &other);
        change(&one);
        change(&other);
        known += finger_sample_score(&one, &other) >= least;
    }
    return known;
}

/* Extractors do not agree what a quality is worth. */
static void be_strict(struct finger_template *template) {
    for (unsigned k = 0; k < template->count; k++)
        template->minutiae[k].quality = (uint8_t)(1 + template->minutiae[k].quality / 12);
}

static void a_strict_extractor_is_not_held_against_a_finger(void **state) {
    (void)state;
    struct finger_template one, other;
    uint32_t before = 0, after = 0;
    for (unsigned i = 0; i < FINGERS; i++) {
        finger_sample_poor(i, 1, &one);
        finger_sample_poor(i, 2, &other);
        before += finger_sample_score(&one, &other);
        be_strict(&one);
        be_strict(&other);
        after += finger_sample_score(&one, &other);
    }
    print_message("in all %u before, %u after\n", before, after);
    assert_in_range(after, before * 8 / 10, FINGERS * FINGER_SCORE_MAX);
}

/* Every fifth is not there; which ones differs from impression to impression. */
static void lose_some(struct finger_template *template) {
    unsigned kept = 0;
    for (unsigned k = 0; k < template->count; k++)
        if (k % 5 != 2)
            template->minutiae[kept++] = template->minutiae[k];
    template->count = (uint8_t)kept;
}

/* As many again as every fourth, where no ridge ends. */
static void gain_some(struct finger_template *template) {
    unsigned count = template->count;
    for (unsigned k = 0; k + 7 < count && template->count < FINGER_TEMPLATE_MINUTIAE; k += 4) {
        struct finger_minutia *added = &template->minutiae[template->count++];
        *added = template->minutiae[k];
        added->x = (uint16_t)((added->x + template->minutiae[k + 7].x) / 2);
        added->y = (uint16_t)((added->y + template->minutiae[k + 3].y) / 2);
        added->angle = (uint8_t)(added->angle * 7 + 31);
    }
}

static void minutiae_that_were_missed_or_made_up_do_not_hide_a_finger(void **state) {
    (void)state;
    assert_in_range(count_known(lose_some, FINGER_SCORE_FMR_1E4), FINGERS * 9 / 10, FINGERS);
    assert_in_range(count_known(gain_some, FINGER_SCORE_FMR_1E4), FINGERS * 9 / 10, FINGERS);
}

static void resolution_does_not_matter(void **state) {
    (void)state;
    struct finger_template one, other;
    finger_sample_good(3, 1, &one);
    finger_sample_good(3, 2, &other);
    uint32_t score = finger_sample_score(&one, &other);
    one.x_resolution = one.y_resolution = 2 * FINGER_RESOLUTION;
    for (unsigned k = 0; k < one.count; k++) {
        one.minutiae[k].x = (uint16_t)(2 * one.minutiae[k].x);
        one.minutiae[k].y = (uint16_t)(2 * one.minutiae[k].y);
    }
    assert_int_equal(finger_sample_score(&one, &other), score);
}

static void what_no_record_may_carry_is_refused(void **state) {
    (void)state;
    struct finger_template good, wrong[6];
    static struct finger_prepared prepared;
    finger_sample_good(1, 1, &good);
    for (unsigned i = 0; i < COUNT_OF(wrong); i++)
        wrong[i] = good;
    wrong[0].x_resolution = FINGER_RESOLUTION_MIN - 1;
    wrong[1].y_resolution = FINGER_RESOLUTION_MAX + 1;
    wrong[2].minutiae[0].quality = 101;
    wrong[3].minutiae[0].kind = 3;
    wrong[4].minutiae[0].x = FINGER_COORDINATE_MAX + 1;
    wrong[5].quality = 101;
    for (unsigned i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(finger_prepare(&wrong[i], &prepared), ERR_MALFORMED);
        assert_int_equal(prepared.count, 0);
    }
    assert_int_equal(finger_prepare(&good, &prepared), ERR_OK);
    assert_int_equal(prepared.count, good.count);
}

static void nothing_of_a_comparison_is_left(void **state) {
    (void)state;
    static struct finger_prepared prepared[2];
    static struct finger_scratch scratch, clean;
    struct finger_template template;
    for (unsigned impression = 0; impression < 2; impression++) {
        finger_sample_good(5, impression, &template);
        assert_int_equal(finger_prepare(&template, &prepared[impression]), ERR_OK);
    }
    memset(&scratch, 0xa5, sizeof scratch);
    assert_int_not_equal(finger_compare(&prepared[0], &prepared[1], &scratch), 0);
    assert_memory_equal(&scratch, &clean, sizeof clean);
    memset(&scratch, 0xa5, sizeof scratch);
    prepared[0].count = 0;
    assert_int_equal(finger_compare(&prepared[0], &prepared[1], &scratch), 0);
    assert_memory_equal(&scratch, &clean, sizeof clean);
}

static void what_is_in_scratch_before_does_not_matter(void **state) {
    (void)state;
    static struct finger_prepared prepared[2];
    static struct finger_scratch scratch;
    struct finger_template template;
    for (unsigned i = 0; i < FINGERS; i++) {
        for (unsigned impression = 0; impression < 2; impression++) {
            finger_sample_poor(i, impression, &template);
            assert_int_equal(finger_prepare(&template, &prepared[impression]), ERR_OK);
        }
        memset(&scratch, 0, sizeof scratch);
        uint32_t score = finger_compare(&prepared[0], &prepared[1], &scratch);
        for (unsigned fill = 0x3f; fill <= 0xff; fill += 0x40) { /* large numbers and none */
            memset(&scratch, (int)fill, sizeof scratch);
            assert_int_equal(finger_compare(&prepared[0], &prepared[1], &scratch), score);
        }
    }
}

static void every_angle_is_found_again(void **state) {
    (void)state;
    for (unsigned angle = 0; angle < 256; angle++)
        for (float length = 0.01f; length < 2000; length *= 7)
            assert_int_equal(finger_angle(length * finger_cos(angle), length * finger_sin(angle)),
                             angle);
    assert_int_equal(finger_angle(0, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impressions_of_a_finger_are_alike),
        cmocka_unit_test(impressions_of_different_fingers_are_not),
        cmocka_unit_test(the_order_of_two_fingers_does_not_matter),
        cmocka_unit_test(the_order_of_minutiae_does_not_matter),
        cmocka_unit_test(a_minutia_given_twice_counts_once),
        cmocka_unit_test(where_the_finger_lies_does_not_matter),
        cmocka_unit_test(a_finger_turned_by_up_to_75_degrees_is_known),
        cmocka_unit_test(two_fingers_turned_alike_score_nearly_the_same),
        cmocka_unit_test(a_strict_extractor_is_not_held_against_a_finger),
        cmocka_unit_test(minutiae_that_were_missed_or_made_up_do_not_hide_a_finger),
        cmocka_unit_test(resolution_does_not_matter),
        cmocka_unit_test(what_no_record_may_carry_is_refused),
        cmocka_unit_test(nothing_of_a_comparison_is_left),
        cmocka_unit_test(what_is_in_scratch_before_does_not_matter),
        cmocka_unit_test(every_angle_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
