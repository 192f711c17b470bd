#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/supervise/process.h"

/* The watchdog's judgement, with the pulse page as its owner would write it. */
#define NOW     1000000
#define HANG_MS 2000

static struct process process;
static struct pulse *page;

static int set_up(void **state) {
    (void)state;
    memset(&process, 0, sizeof process);
    if (process_open(&process) != ERR_OK)
        return -1;
    page = mmap(NULL, PULSE_SLOTS * sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED,
                process.pulse_fd, 0);
    process.started_ms = NOW - 100000;
    process.hang_ms = HANG_MS;
    return page == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state) {
    (void)state;
    munmap(page, PULSE_SLOTS * sizeof *page);
    munmap((void *)(uintptr_t)process.pulses, PULSE_SLOTS * sizeof *page);
    return close(process.pulse_fd);
}

static bool silent(void) {
    return process_is_silent(&process, NOW);
}

static void a_loop_that_turns_is_not_silent(void **state) {
    (void)state;
    atomic_store(&page[0].beat_ms, NOW - HANG_MS);
    assert_false(silent());
    atomic_store(&page[0].beat_ms, NOW + 5);
    assert_false(silent());
}

static void one_silent_loop_of_several_is_enough(void **state) {
    (void)state;
    for (size_t i = 0; i < PULSE_SLOTS; i++)
        atomic_store(&page[i].beat_ms, NOW - 1);
    assert_false(silent());
    atomic_store(&page[PULSE_SLOTS - 1].beat_ms, NOW - HANG_MS - 1);
    assert_true(silent());
}

static void each_process_has_its_own_patience(void **state) {
    (void)state;
    atomic_store(&page[0].beat_ms, NOW - HANG_MS - 1);
    process.hang_ms = HANG_MS + 1;
    assert_false(silent());
    process.hang_ms = HANG_MS;
    assert_true(silent());
}

static void a_process_whose_loop_never_turned_is_silent(void **state) {
    (void)state;
    assert_true(silent());
    process.started_ms = NOW - 1;
    assert_false(silent());
}

static void an_announcement_holds_for_its_time_only(void **state) {
    (void)state;
    atomic_store(&page[0].beat_ms, NOW - 60000);
    atomic_store(&page[0].silent_until_ms, NOW);
    assert_false(silent());
    atomic_store(&page[0].silent_until_ms, NOW - 1);
    assert_true(silent());
}

static void no_announcement_outlasts_three_minutes(void **state) {
    (void)state;
    atomic_store(&page[0].silent_until_ms, INT64_MAX);
    atomic_store(&page[0].beat_ms, NOW - 180000);
    assert_false(silent());
    atomic_store(&page[0].beat_ms, NOW - 180001);
    assert_true(silent());
}

static void no_number_in_the_page_does_harm(void **state) {
    (void)state;
    static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -1, 1, INT64_MAX - 1, INT64_MAX};
    for (size_t beat = 0; beat < 6; beat++) {
        for (size_t until = 0; until < 6; until++) {
            atomic_store(&page[0].beat_ms, numbers[beat]);
            atomic_store(&page[0].silent_until_ms, numbers[until]);
            assert_int_equal(silent(), numbers[beat] < NOW);
        }
    }
}

static void the_page_cannot_be_cut_by_its_owner(void **state) {
    (void)state;
    assert_int_equal(ftruncate(process.pulse_fd, 0), -1);
    assert_int_equal(ftruncate(process.pulse_fd, 1 << 20), -1);
}

#define PROCESS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_loop_that_turns_is_not_silent),
        PROCESS_TEST(one_silent_loop_of_several_is_enough),
        PROCESS_TEST(each_process_has_its_own_patience),
        PROCESS_TEST(a_process_whose_loop_never_turned_is_silent),
        PROCESS_TEST(an_announcement_holds_for_its_time_only),
        PROCESS_TEST(no_announcement_outlasts_three_minutes),
        PROCESS_TEST(no_number_in_the_page_does_harm),
        PROCESS_TEST(the_page_cannot_be_cut_by_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
