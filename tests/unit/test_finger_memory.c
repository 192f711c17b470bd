#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "authd/match/finger_scratch.h"
#include "tests/unit/finger_sample.h"

/*
 * What is left of two fingers on the stack on which they were made ready and compared: the stack is
 * ours, and looked through afterwards.
 */
#define STACK_BYTES (1u << 20)
/* Single minutiae may stand where a register was saved; lists of them may not. */
#define LEFT_MOST 2

static struct finger_template templates[2];
static struct finger_prepared prepared[2];
static struct finger_scratch scratch;

static void *compare(void *context) {
    uint32_t *score = context;
    for (unsigned i = 0; i < 2; i++)
        if (finger_prepare(&templates[i], &prepared[i]) != ERR_OK)
            return NULL;
    *score = finger_compare(&prepared[0], &prepared[1], &scratch);
    return NULL;
}

/* Runs ${body} on this stack, which is filled before with what no minutia looks like. */
static void run_on(uint8_t *stack, void *(*body)(void *context), void *context) {
    pthread_attr_t attributes;
    pthread_t thread;
    memset(stack, 0x5a, STACK_BYTES);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, body, context), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
}

static bool holds(const uint8_t *stack, const void *needle, size_t len) {
    return memmem(stack, STACK_BYTES, needle, len) != NULL;
}

/* How many minutiae stand there as a template has them, or as preparation sorts them: place,
 * direction and quality in a row. */
static unsigned count_given(const uint8_t *stack) {
    unsigned left = 0;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < templates[i].count; k++) {
            const struct finger_minutia *minutia = &templates[i].minutiae[k];
            const uint8_t sorted[] = {minutia->quality,
                                      minutia->kind,
                                      minutia->angle,
                                      (uint8_t)minutia->y,
                                      (uint8_t)(minutia->y >> 8),
                                      (uint8_t)minutia->x,
                                      (uint8_t)(minutia->x >> 8)};
            left += holds(stack, minutia, sizeof *minutia) || holds(stack, sorted, sizeof sorted);
        }
    return left;
}

/* How many surroundings, and fours of neighbouring places as whole numbers or not. */
static unsigned count_derived(const uint8_t *stack) {
    unsigned left = 0;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k + 4 <= prepared[i].count; k++) {
            float place[4];
            for (unsigned n = 0; n < 4; n++)
                place[n] = prepared[i].x[k + n];
            left += holds(stack, prepared[i].around[k].along, FINGER_NEIGHBOURS) ||
                    holds(stack, prepared[i].around[k].across, FINGER_NEIGHBOURS) ||
                    holds(stack, &prepared[i].x[k], 4 * sizeof prepared[i].x[k]) ||
                    holds(stack, place, sizeof place);
        }
    return left;
}

/* The neighbours of a minutia, as preparation lists them: where they lie from it. */
static unsigned list_neighbours(const struct finger_prepared *finger, unsigned middle,
                                float x[static FINGER_MINUTIAE]) {
    enum { RADIUS = 100 };
    int reach = RADIUS * RADIUS + 1;
    for (unsigned count = FINGER_NEIGHBOURS + 1; count > FINGER_NEIGHBOURS;) {
        count = 0;
        reach--;
        for (unsigned i = 0; i < finger->count; i++) {
            int dx = finger->x[i] - finger->x[middle], dy = finger->y[i] - finger->y[middle];
            if (i != middle && dx * dx + dy * dy <= reach)
                x[count++] = (float)dx;
        }
        if (count <= FINGER_NEIGHBOURS)
            return count;
    }
    return 0;
}

static unsigned count_neighbourhoods(const uint8_t *stack) {
    float x[FINGER_MINUTIAE];
    unsigned left = 0;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < prepared[i].count; k++) {
            unsigned count = list_neighbours(&prepared[i], k, x);
            left += count >= 4 && holds(stack, x, 4 * sizeof x[0]);
        }
    return left;
}

static void nothing_of_two_fingers_is_left_on_the_stack(void **state) {
    (void)state;
    uint32_t score = 0;
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert_ptr_not_equal(stack, MAP_FAILED);
    finger_sample_good(1, 1, &templates[0]);
    finger_sample_good(1, 2, &templates[1]);
    run_on(stack, compare, &score);
    assert_in_range(score, FINGER_SCORE_FMR_1E4, FINGER_SCORE_MAX);
    unsigned given = count_given(stack), derived = count_derived(stack);
    unsigned neighbourhoods = count_neighbourhoods(stack);
    print_message("left of %u minutiae: %u, of what was made of them: %u, of neighbourhoods: %u\n",
                  templates[0].count + templates[1].count, given, derived, neighbourhoods);
    assert_in_range(given, 0, LEFT_MOST);
    assert_in_range(derived, 0, LEFT_MOST);
    assert_in_range(neighbourhoods, 0, LEFT_MOST);
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

/* That the search finds what is there. */
static void *leave_all(void *context) {
    struct finger_template copy = templates[0];
    struct finger_prepared made = prepared[0];
    __asm__ volatile("" : : "r"(&copy), "r"(&made) : "memory");
    (void)context;
    return NULL;
}

static void what_is_left_would_be_found(void **state) {
    (void)state;
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert_ptr_not_equal(stack, MAP_FAILED);
    finger_sample_good(1, 1, &templates[0]);
    finger_sample_good(1, 2, &templates[1]);
    assert_int_equal(finger_prepare(&templates[0], &prepared[0]), ERR_OK);
    run_on(stack, leave_all, NULL);
    assert_in_range(count_given(stack), templates[0].count * 9 / 10, 2 * FINGER_TEMPLATE_MINUTIAE);
    assert_in_range(count_derived(stack), prepared[0].count * 9 / 10, 2 * FINGER_MINUTIAE);
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_two_fingers_is_left_on_the_stack),
        cmocka_unit_test(what_is_left_would_be_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
