#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/bench/jose_timing_compare.h"

/* The comparison of times: what it finds, how great and how likely by chance. */
enum { COUNT = 1000, US = 1000 };

static int64_t first[COUNT], second[COUNT];

/* Both the numbers 0, ${step}, 2 ${step}…, in another order; the second ${shift} later. */
static struct jose_timing_comparison compare(size_t count, int64_t shift) {
    struct jose_timing_comparison found;
    for (size_t i = 0; i < count; i++) {
        first[i] = (int64_t)((i * 7) % count) * US;
        second[i] = (int64_t)((i * 3) % count) * US + shift;
    }
    jose_timing_compare(first, count, second, count, &found);
    return found;
}

static void expect_near(double value, double wanted, double tolerance) {
    assert_true(fabs(value - wanted) <= tolerance);
}

static void the_same_times_do_not_differ(void **state) {
    (void)state;
    struct jose_timing_comparison found = compare(COUNT, 0);
    assert_true(found.distance == 0 && found.shift == 0);
    expect_near(found.distance_p, 1, 0);
    expect_near(found.shift_p, 1, 1e-9);
    expect_near(found.median_us[0], COUNT / 2, 0);
}

static void times_apart_differ_as_much_as_can_be(void **state) {
    (void)state;
    struct jose_timing_comparison found = compare(COUNT, 2 * COUNT * US);
    expect_near(found.distance, 1, 0);
    expect_near(found.shift, -0.5, 0);
    assert_true(found.distance_p < 1e-300 && found.shift_p < 1e-300);
    found = compare(COUNT, -2 * COUNT * US);
    expect_near(found.shift, 0.5, 0);
}

/* A fifth of a hundred apart: both chances as their formulas give them. */
static void a_shift_has_its_distance_and_its_chance(void **state) {
    (void)state;
    struct jose_timing_comparison found = compare(100, 20 * US + 1);
    expect_near(found.distance, 0.21, 1e-9);
    expect_near(found.distance_p, 0.0203, 0.001);
    /* U is 80 · 79 / 2 of 10,000 pairs, 5000 expected, with a spread of 409.3 */
    expect_near(found.shift, 3160.0 / 10000 - 0.5, 1e-9);
    expect_near(found.shift_p, 6.9e-6, 5e-7);
}

static void few_times_prove_little(void **state) {
    (void)state;
    struct jose_timing_comparison found = compare(4, 1);
    assert_true(found.distance_p > 0.05 && found.shift_p > 0.05);
}

/* All at one time: nothing to rank. */
static void ties_are_no_difference(void **state) {
    (void)state;
    struct jose_timing_comparison found;
    for (size_t i = 0; i < COUNT; i++)
        first[i] = second[i] = 50 * US;
    jose_timing_compare(first, COUNT, second, COUNT / 2, &found);
    assert_true(found.distance == 0 && found.shift == 0);
    expect_near(found.shift_p, 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_times_do_not_differ),
        cmocka_unit_test(times_apart_differ_as_much_as_can_be),
        cmocka_unit_test(a_shift_has_its_distance_and_its_chance),
        cmocka_unit_test(few_times_prove_little),
        cmocka_unit_test(ties_are_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
