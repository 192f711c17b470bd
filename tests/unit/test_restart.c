#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "authd/supervise/restart.h"
#include "firmware/base/boot.h"

static enum restart_verdict verdict(int code, int status, bool was_ready, bool is_signer) {
    const struct restart_end end = {
        .code = code, .status = status, .was_ready = was_ready, .is_signer = is_signer};
    return restart_judge(&end);
}

static void failures_are_restarted_later(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_FAILURE, true, false), RESTART_LATER);
    assert_int_equal(verdict(CLD_EXITED, 1, true, false), RESTART_LATER);
    assert_int_equal(verdict(CLD_KILLED, SIGKILL, true, false), RESTART_LATER);
    assert_int_equal(verdict(CLD_DUMPED, SIGSEGV, true, true), RESTART_LATER);
}

static void an_end_nobody_asked_for_is_a_failure(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_CLEAN, true, false), RESTART_LATER);
}

static void a_signal_is_never_taken_for_an_exit_code(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_KILLED, BOOT_EXIT_CONFIG, true, true), RESTART_LATER);
    assert_int_equal(verdict(CLD_KILLED, BOOT_EXIT_PIN_REFUSED, true, true), RESTART_LATER);
    assert_int_equal(verdict(CLD_KILLED, BOOT_EXIT_RECYCLE, true, true), RESTART_LATER);
}

static void recycling_is_believed_only_after_readiness(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_RECYCLE, true, false), RESTART_AT_ONCE);
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_RECYCLE, false, false), RESTART_LATER);
}

static void only_a_signer_can_say_that_the_pin_was_refused(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_PIN_REFUSED, false, true), RESTART_LOCKED);
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_PIN_REFUSED, true, true), RESTART_LOCKED);
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_PIN_REFUSED, true, false), RESTART_LATER);
}

static void wrong_settings_are_final(void **state) {
    (void)state;
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_CONFIG, false, false), RESTART_NEVER);
    assert_int_equal(verdict(CLD_EXITED, BOOT_EXIT_CONFIG, true, true), RESTART_NEVER);
}

static void no_number_that_a_plugin_ends_with_means_anything(void **state) {
    (void)state;
    for (int status = 0; status < 256; status++) {
        const struct restart_end end = {
            .code = CLD_EXITED, .status = status, .was_ready = true, .is_plugin = true};
        assert_int_equal(restart_judge(&end), RESTART_LATER);
    }
}

static const struct restart_end
    failure = {.code = CLD_KILLED, .status = SIGSEGV, .was_ready = true},
    parser = {.code = CLD_KILLED, .status = SIGSEGV, .was_ready = true, .is_parser = true},
    unready_parser = {.code = CLD_KILLED, .status = SIGSEGV, .is_parser = true};

static void expect_doubling(const struct restart_end *end) {
    static const int64_t expected[] = {0,   10,   20,   40,   80,   160, 320,
                                       640, 1280, 2560, 5000, 5000, 5000};
    struct restart_history history = {0};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(restart_delay_ms(&history, end, 0), expected[i]);
    history.failures = UINT32_MAX - 1;
    assert_int_equal(restart_delay_ms(&history, end, 0), RESTART_MOST_DELAY_MS);
}

static void the_delay_doubles_from_nothing_to_five_seconds(void **state) {
    (void)state;
    expect_doubling(&failure);
}

static void a_parser_that_cannot_even_start_is_no_exception(void **state) {
    (void)state;
    expect_doubling(&unready_parser);
}

static void a_parser_that_served_is_replaced_soon_however_often_it_dies(void **state) {
    (void)state;
    struct restart_history history = {0};
    assert_int_equal(restart_delay_ms(&history, &parser, 0), 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(restart_delay_ms(&history, &parser, 0), RESTART_FIRST_DELAY_MS);
    assert_int_equal(restart_delay_ms(&history, &unready_parser, 0), 20);
    assert_int_equal(restart_delay_ms(&history, &unready_parser, 0), 40);
    assert_int_equal(restart_delay_ms(&history, &parser, 0), RESTART_FIRST_DELAY_MS);
}

static void a_long_life_is_forgiven(void **state) {
    (void)state;
    struct restart_history history = {.failures = 9};
    assert_int_equal(restart_delay_ms(&history, &failure, RESTART_FORGIVEN_MS - 1), 2560);
    assert_int_equal(restart_delay_ms(&history, &failure, RESTART_FORGIVEN_MS), 0);
    assert_int_equal(restart_delay_ms(&history, &failure, 0), 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_restarted_later),
        cmocka_unit_test(an_end_nobody_asked_for_is_a_failure),
        cmocka_unit_test(a_signal_is_never_taken_for_an_exit_code),
        cmocka_unit_test(recycling_is_believed_only_after_readiness),
        cmocka_unit_test(only_a_signer_can_say_that_the_pin_was_refused),
        cmocka_unit_test(wrong_settings_are_final),
        cmocka_unit_test(no_number_that_a_plugin_ends_with_means_anything),
        cmocka_unit_test(the_delay_doubles_from_nothing_to_five_seconds),
        cmocka_unit_test(a_parser_that_cannot_even_start_is_no_exception),
        cmocka_unit_test(a_parser_that_served_is_replaced_soon_however_often_it_dies),
        cmocka_unit_test(a_long_life_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
