#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/finger_path.h"
#include "tests/unit/finger_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* What somebody who may choose the template might choose. */

static void all_in_one_place(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){.x = 100, .y = 100, .angle = (uint8_t)i, .quality = 100};
}

static void all_the_same(unsigned i, struct finger_minutia *minutia) {
    (void)i;
    *minutia = (struct finger_minutia){.x = 100, .y = 100, .angle = 7, .quality = 100};
}

static void on_a_line(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){.x = (uint16_t)(2 * i), .y = 50, .quality = 100};
}

static void on_a_grid(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){
        .x = (uint16_t)(i % 16 * 10), .y = (uint16_t)(i / 16 * 10), .quality = 100};
}

static void close_together(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){.x = (uint16_t)(i % 16),
                                       .y = (uint16_t)(i / 16),
                                       .angle = (uint8_t)(i % 3),
                                       .quality = 100};
}

static void at_the_ends(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){.x = i % 2 == 0 ? 0 : FINGER_COORDINATE_MAX,
                                       .y = i / 2 % 2 == 0 ? 0 : FINGER_COORDINATE_MAX,
                                       .angle = (uint8_t)(i * 8),
                                       .quality = (uint8_t)(i % 101)};
}

static void on_a_ring(unsigned i, struct finger_minutia *minutia) {
    *minutia = (struct finger_minutia){.x = (uint16_t)(i < 128 ? i : 255 - i),
                                       .y = (uint16_t)((i + 64) % 256 < 128 ? i : 255 - i),
                                       .angle = (uint8_t)i};
}

static void (*const shapes[])(unsigned, struct finger_minutia *) = {
    all_in_one_place, all_the_same, on_a_line, on_a_grid, close_together, at_the_ends, on_a_ring};
static const unsigned counts[] = {0, 1, 2, 3, 4, 60, 112, 113, 255};
static const uint16_t resolutions[] = {FINGER_RESOLUTION_MIN, FINGER_RESOLUTION,
                                       FINGER_RESOLUTION_MAX};

enum { SHAPES = COUNT_OF(shapes) * COUNT_OF(counts) * COUNT_OF(resolutions) };

static void make_shape(unsigned number, struct finger_template *template) {
    memset(template, 0, sizeof *template);
    template->x_resolution = template->y_resolution = resolutions[number % COUNT_OF(resolutions)];
    number /= COUNT_OF(resolutions);
    template->count = (uint8_t)counts[number % COUNT_OF(counts)];
    for (unsigned i = 0; i < template->count; i++)
        shapes[number / COUNT_OF(counts)](i, &template->minutiae[i]);
}

/* How often two minutiae were compared, and no more than are kept. */
static unsigned long compared;

static void count_row(const struct finger_surroundings *one,
                      const struct finger_surroundings *others, unsigned count,
                      uint16_t *similarity) {
    compared += count;
    finger_similarity_plain(one, others, count, similarity);
}

static void check(const struct finger_template *one, const struct finger_template *other) {
    static struct finger_prepared prepared[2];
    static struct finger_scratch scratch;
    assert_int_equal(finger_prepare(one, &prepared[0]), ERR_OK);
    assert_int_equal(finger_prepare(other, &prepared[1]), ERR_OK);
    assert_in_range(prepared[0].count, 0, FINGER_MINUTIAE);
    compared = 0;
    uint32_t score = finger_compare_with(count_row, &prepared[0], &prepared[1], &scratch);
    assert_in_range(compared, 0, FINGER_MINUTIAE * FINGER_MINUTIAE);
    assert_in_range(score, 0, FINGER_SCORE_MAX);
    assert_int_equal(finger_compare(&prepared[1], &prepared[0], &scratch), score);
}

static void any_shape_can_be_compared_with_any(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < SHAPES; i++)
        for (unsigned j = i % 5; j <= i; j += 5) {
            make_shape(i, &one);
            make_shape(j, &other);
            check(&one, &other);
        }
}

static void noise_can_be_compared_with_anything(void **state) {
    (void)state;
    struct finger_template one, other;
    for (unsigned i = 0; i < 300; i++) {
        finger_sample_noise(2 * i, &one);
        finger_sample_noise(2 * i + 1, &other);
        check(&one, &other);
        finger_sample_poor(i % 8, 1, &other);
        check(&one, &other);
        make_shape(i % SHAPES, &other);
        check(&one, &other);
    }
}

/* A template made to match everybody would have to match somebody. */
static void no_shape_matches_a_finger(void **state) {
    (void)state;
    struct finger_template shape, finger;
    for (unsigned i = 0; i < SHAPES; i++)
        for (unsigned j = 0; j < 6; j++) {
            make_shape(i, &shape);
            finger_sample_good(j, 1, &finger);
            assert_in_range(finger_sample_score(&shape, &finger), 0, FINGER_SCORE_FMR_1E4 - 1);
        }
}

static void too_few_minutiae_match_nothing(void **state) {
    (void)state;
    struct finger_template few, finger;
    for (unsigned count = 0; count < 3; count++) {
        finger_sample_good(2, 1, &finger);
        few = finger;
        few.count = (uint8_t)count;
        assert_int_equal(finger_sample_score(&few, &finger), 0);
        assert_int_equal(finger_sample_score(&few, &few), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_shape_can_be_compared_with_any),
        cmocka_unit_test(noise_can_be_compared_with_anything),
        cmocka_unit_test(no_shape_matches_a_finger),
        cmocka_unit_test(too_few_minutiae_match_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
