#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/deadlines.h"

#define MANY  257
#define STEPS 20000

static void the_first_is_the_earliest_whatever_the_order(void **state) {
    (void)state;
    struct deadlines deadlines;
    struct deadline set[MANY] = {0};
    assert_int_equal(deadlines_open(&deadlines, MANY), ERR_OK);
    assert_null(deadlines_first(&deadlines));
    for (size_t i = 0; i < MANY; i++)
        deadlines_set(&deadlines, &set[i], (int64_t)(i * 101 % MANY));
    for (int64_t expected = 0; expected < MANY; expected++) {
        struct deadline *first = deadlines_first(&deadlines);
        assert_int_equal(first->at_ms, expected);
        deadlines_remove(&deadlines, first);
        assert_int_equal(first->place, 0);
    }
    assert_null(deadlines_first(&deadlines));
    deadlines_close(&deadlines);
}

static int64_t earliest(const struct deadline *set, size_t count) {
    int64_t at_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (set[i].place != 0 && set[i].at_ms < at_ms)
            at_ms = set[i].at_ms;
    return at_ms;
}

static void it_agrees_with_a_plain_search_through_random_changes(void **state) {
    (void)state;
    struct deadlines deadlines;
    struct deadline set[MANY] = {0};
    unsigned chance = 20261121;
    assert_int_equal(deadlines_open(&deadlines, MANY), ERR_OK);
    for (size_t step = 0; step < STEPS; step++) {
        struct deadline *deadline = &set[(size_t)rand_r(&chance) % MANY];
        if (rand_r(&chance) % 3 == 0)
            deadlines_remove(&deadlines, deadline);
        else
            deadlines_set(&deadlines, deadline, rand_r(&chance) % 1000);
        const struct deadline *first = deadlines_first(&deadlines);
        assert_true((first != NULL ? first->at_ms : INT64_MAX) == earliest(set, MANY));
    }
    deadlines_close(&deadlines);
}

static void one_that_is_not_there_can_be_removed(void **state) {
    (void)state;
    struct deadlines deadlines;
    struct deadline there = {0}, absent = {0};
    assert_int_equal(deadlines_open(&deadlines, 1), ERR_OK);
    deadlines_set(&deadlines, &there, 5);
    deadlines_remove(&deadlines, &absent);
    assert_ptr_equal(deadlines_first(&deadlines), &there);
    deadlines_close(&deadlines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_earliest_whatever_the_order),
        cmocka_unit_test(it_agrees_with_a_plain_search_through_random_changes),
        cmocka_unit_test(one_that_is_not_there_can_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
