#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/finger_path.h"
#include "provisioning/demo/demo_random.h"
#include "tests/unit/finger_sample.h"

static const char *const names[FINGER_PATHS] = {"plain", "avx2", "avx512"};

/* Any bytes that preparation may make, in each field. */
static void make_surroundings(struct demo_random *random, struct finger_surroundings *around) {
    unsigned reach = 1u << demo_random_below(random, 8);
    memset(around, 0, sizeof *around);
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++) {
        around->along[i] = (int8_t)(int)(demo_random_below(random, 2 * reach) - reach);
        around->across[i] = (int8_t)(int)(demo_random_below(random, 2 * reach) - reach);
        around->turn[i] = (int8_t)(int)(demo_random_below(random, 256) - 128);
        around->tolerance[i] = (uint8_t)demo_random_below(random, 32);
        around->weight[i] = (uint8_t)demo_random_below(random, 17);
        around->cell_byte[i] = (uint8_t)demo_random_below(random, 8);
        around->cell_bit[i] = (uint8_t)(1u << demo_random_below(random, 8));
    }
    for (unsigned i = 0; i < 64; i++)
        around->visible |= (uint64_t)demo_random_below(random, 2) << i;
}

static void each_path_finds_the_same_similarity(void **state) {
    (void)state;
    enum { OTHERS = 50, ROUNDS = 400 };
    struct demo_random random;
    struct finger_surroundings one, others[OTHERS];
    uint16_t expected[OTHERS], found[OTHERS];
    unsigned alike = 0;
    demo_random_open(&random, "paths");
    for (unsigned round = 0; round < ROUNDS; round++) {
        make_surroundings(&random, &one);
        for (unsigned i = 0; i < OTHERS; i++)
            make_surroundings(&random, &others[i]);
        finger_similarity_plain(&one, others, OTHERS, expected);
        for (unsigned i = 0; i < OTHERS; i++)
            alike += expected[i] > 1000;
        for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
            if (finger_similarity_of(path) == NULL)
                continue;
            memset(found, 0xff, sizeof found);
            finger_similarity_of(path)(&one, others, OTHERS, found);
            assert_memory_equal(found, expected, sizeof found);
        }
    }
    assert_in_range(alike, ROUNDS, OTHERS * ROUNDS);
}

static void each_path_gives_the_same_score(void **state) {
    (void)state;
    enum { FINGERS = 10 };
    static struct finger_prepared prepared[2 * FINGERS];
    static struct finger_scratch scratch;
    struct finger_template template;
    for (unsigned i = 0; i < 2 * FINGERS; i++) {
        finger_sample_poor(i / 2, i % 2, &template);
        assert_int_equal(finger_prepare(&template, &prepared[i]), ERR_OK);
    }
    for (unsigned i = 0; i < 2 * FINGERS; i++)
        for (unsigned j = 0; j < i; j++) {
            uint32_t score = finger_compare(&prepared[i], &prepared[j], &scratch);
            for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++)
                if (finger_similarity_of(path) != NULL)
                    assert_int_equal(finger_compare_with(finger_similarity_of(path), &prepared[i],
                                                         &prepared[j], &scratch),
                                     score);
        }
}

static void the_best_path_is_one_that_the_processor_has(void **state) {
    (void)state;
    unsigned found = 0;
    assert_non_null(finger_similarity_of(FINGER_PLAIN));
    assert_null(finger_similarity_of(FINGER_PATHS));
    for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
        print_message("%s: %s\n", names[path],
                      finger_similarity_of(path) != NULL ? "tested" : "not on this processor");
        found += finger_similarity_of(path) == finger_similarity_best();
    }
    assert_int_equal(found, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_finds_the_same_similarity),
        cmocka_unit_test(each_path_gives_the_same_score),
        cmocka_unit_test(the_best_path_is_one_that_the_processor_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
