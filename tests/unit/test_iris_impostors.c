/*
 * Codes of different eyes, compared pair by pair, against what false_match_table_iris claims.
 * usage: test_iris_impostors [EYES]; each shape of code is compared EYES (EYES − 1) / 2 times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <cmocka.h>

#include "authd/match/false_match_table.h"
#include "authd/match/iris_code_scratch.h"
#include "provisioning/demo/demo_iris.h"

enum { EYES = 801, COMPARISONS_MIN = 300000, DISTANCES = IRIS_CODE_DISTANCE_MAX + 1 };

static unsigned eyes = EYES;
static uint64_t seen[DISTANCES];

struct measured {
    uint64_t comparisons;
    double mean, freedom;
};

/* Counts distances, from the least one up, in seen. */
static struct measured compare_all(const struct iris_code *codes, unsigned turn) {
    static struct iris_code_scratch scratch;
    struct measured measured = {0};
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < DISTANCES; i++)
        seen[i] = 0;
    for (unsigned i = 0; i < eyes; i++)
        for (unsigned j = 0; j < i; j++) {
            uint16_t distance;
            assert_int_equal(iris_code_compare(&codes[i], &codes[j], turn, &scratch, &distance),
                             ERR_OK);
            seen[distance]++;
            sum += distance;
            squares += (double)distance * distance;
            measured.comparisons++;
        }
    double count = (double)measured.comparisons;
    measured.mean = sum / count / IRIS_CODE_DISTANCE_MAX;
    double variance = squares / count / IRIS_CODE_DISTANCE_MAX / IRIS_CODE_DISTANCE_MAX -
                      measured.mean * measured.mean;
    measured.freedom = measured.mean * (1 - measured.mean) / variance;
    return measured;
}

static uint64_t at_most(int32_t distance) {
    uint64_t count = 0;
    for (int32_t i = 0; i <= distance; i++)
        count += seen[i];
    return count;
}

/* How likely at most ${count} events are when ${expected} are to be expected. */
static double chance_of_so_few(uint64_t count, double expected) {
    double sum = 0;
    for (uint64_t i = 0; i <= count; i++)
        sum += exp((double)i * log(expected) - expected - lgamma((double)i + 1));
    return sum;
}

/* Rows whose claim could be contradicted by so many comparisons: none may be at a level of 95 %. */
static unsigned check_claims(uint64_t comparisons) {
    const struct false_match_table *table = &false_match_table_iris;
    unsigned shown = 0;
    for (size_t i = 0; i < table->count; i++) {
        double rate = (double)table->rows[i].rate / (double)FALSE_MATCH_CERTAIN;
        double expected = rate * (double)comparisons;
        uint64_t found = at_most(table->rows[i].threshold);
        print_message("  %.2f: %lu false matches, claimed at most %.1f\n",
                      table->rows[i].threshold / 10000.0, (unsigned long)found, expected);
        assert_true((double)found <= expected || expected < 1);
        if (expected < 3)
            assert_int_equal(found, 0);
        else
            shown += chance_of_so_few(found, expected) <= 0.05;
    }
    return shown;
}

static void check_shape(const struct demo_iris_shape *shape) {
    struct iris_code *codes = calloc(eyes, sizeof *codes);
    assert_non_null(codes);
    for (unsigned i = 0; i < eyes; i++) {
        struct demo_iris sample = {
            .shape = *shape, .eye = i + 1, .capture = 1, .noise = 0.3, .lids = 100};
        demo_iris_make(&sample, &codes[i]);
    }
    struct measured upright = compare_all(codes, 0);
    print_message("%u columns, no turn: mean %.4f, degrees of freedom %.0f\n", shape->columns,
                  upright.mean, upright.freedom);
    /* As real eyes: else the claims would not be tried at all. */
    assert_true(upright.mean > 0.498 && upright.mean < 0.502);
    assert_true(upright.freedom > 200 && upright.freedom < 300);
    struct measured turned = compare_all(codes, IRIS_CODE_TURN_MAX);
    assert_true(turned.comparisons >= COMPARISONS_MIN);
    print_message("%u columns, all turns: %lu comparisons, mean %.4f\n", shape->columns,
                  (unsigned long)turned.comparisons, turned.mean);
    unsigned shown = check_claims(turned.comparisons);
    print_message("  rows shown at 95 %%: %u of %zu\n", shown, false_match_table_iris.count);
    unsigned expected = 0;
    for (size_t i = 0; i < false_match_table_iris.count; i++)
        expected += (double)false_match_table_iris.rows[i].rate * (double)turned.comparisons >=
                    3 * (double)FALSE_MATCH_CERTAIN;
    assert_int_equal(shown, expected);
    free(codes);
}

static void small_codes_match_falsely_no_more_often_than_claimed(void **state) {
    (void)state;
    check_shape(&demo_iris_small);
}

static void large_codes_match_falsely_no_more_often_than_claimed(void **state) {
    (void)state;
    check_shape(&demo_iris_large);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_codes_match_falsely_no_more_often_than_claimed),
        cmocka_unit_test(large_codes_match_falsely_no_more_often_than_claimed),
    };
    if (argc > 1)
        eyes = (unsigned)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
