#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "authd/core/lane_watch.h"

#define STEP_MS  250 /* a lane's loop turns so often at least */
#define BEGAN_MS 100000

/* Lane 0 runs without a pause from its start until ${until_ms}. */
static struct lane_watch watching_until(int64_t until_ms) {
    struct lane_watch watch = {0};
    for (int64_t now_ms = BEGAN_MS; now_ms <= until_ms; now_ms += STEP_MS)
        lane_watch_note(&watch, now_ms);
    return watch;
}

static void a_lane_that_hangs_is_silent_since_its_last_beat(void **state) {
    (void)state;
    struct lane_watch watch = watching_until(BEGAN_MS + 9000);
    assert_int_equal(lane_watch_silent_ms(&watch, BEGAN_MS + 1000, BEGAN_MS + 9000), 8000);
}

static void a_lane_that_turns_is_not_silent(void **state) {
    (void)state;
    struct lane_watch watch = watching_until(BEGAN_MS + 9000);
    assert_int_equal(lane_watch_silent_ms(&watch, BEGAN_MS + 9000, BEGAN_MS + 9000), 0);
}

static void a_loop_that_has_not_begun_is_not_silent(void **state) {
    (void)state;
    struct lane_watch watch = watching_until(BEGAN_MS + 9000);
    assert_int_equal(lane_watch_silent_ms(&watch, 0, BEGAN_MS + 9000), 0);
}

static void a_pause_of_the_whole_machine_is_nobodys_silence(void **state) {
    (void)state;
    struct lane_watch watch = watching_until(BEGAN_MS + 1000);
    int64_t now_ms = BEGAN_MS + 61000;
    lane_watch_note(&watch, now_ms);
    assert_int_equal(lane_watch_silent_ms(&watch, BEGAN_MS + 1000, now_ms), 0);
}

static void who_does_not_go_on_after_a_pause_is_silent_since_its_end(void **state) {
    (void)state;
    struct lane_watch watch = watching_until(BEGAN_MS + 1000);
    int64_t end_ms = BEGAN_MS + 61000;
    for (int64_t now_ms = end_ms; now_ms <= end_ms + 4000; now_ms += STEP_MS)
        lane_watch_note(&watch, now_ms);
    assert_int_equal(lane_watch_silent_ms(&watch, BEGAN_MS + 1000, end_ms + 4000), 4000);
}

static void nobody_is_silent_at_the_first_look(void **state) {
    (void)state;
    struct lane_watch watch = {0};
    lane_watch_note(&watch, BEGAN_MS);
    assert_int_equal(lane_watch_silent_ms(&watch, BEGAN_MS - 60000, BEGAN_MS), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_that_hangs_is_silent_since_its_last_beat),
        cmocka_unit_test(a_lane_that_turns_is_not_silent),
        cmocka_unit_test(a_loop_that_has_not_begun_is_not_silent),
        cmocka_unit_test(a_pause_of_the_whole_machine_is_nobodys_silence),
        cmocka_unit_test(who_does_not_go_on_after_a_pause_is_silent_since_its_end),
        cmocka_unit_test(nobody_is_silent_at_the_first_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
