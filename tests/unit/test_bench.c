#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/cores.h"
#include "tests/bench/floor.h"
#include "tests/bench/mix.h"
#include "tests/bench/processes.h"
#include "tests/bench/ready.h"
#include "tests/bench/tally.h"
#include "tests/bench/timing.h"

static void a_mix_is_read_with_its_weights(void **state) {
    (void)state;
    struct mix mix;
    assert_int_equal(mix_parse("otp=7,demo=2,ekyc", &mix), ERR_OK);
    assert_int_equal(mix.total, 10);
    assert_int_equal(mix.weights[MIX_OTP], 7);
    assert_int_equal(mix.weights[MIX_DEMO], 2);
    assert_int_equal(mix.weights[MIX_EKYC], 1);
    assert_true(mix_calls(&mix, CALL_OTP));
    assert_true(mix_calls(&mix, CALL_KYC_OTP));
    unsigned drawn[MIX_KINDS] = {0};
    for (uint32_t i = 0; i < 100; i++)
        drawn[mix_draw(&mix, i)]++;
    assert_int_equal(drawn[MIX_OTP], 70);
    assert_int_equal(drawn[MIX_OTP_REQUEST], 0);
    assert_int_equal(drawn[MIX_EKYC], 10);
    assert_int_equal(mix_parse("otp-request", &mix), ERR_OK);
    assert_false(mix_calls(&mix, CALL_AUTH_OTP));
}

static void a_mix_that_is_none_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"",      "bio",  "otp=0",   "otp=",     "otp=-1",
                                        "otp=x", "otpx", "otp,otp", "ot",       "otp=1001",
                                        ",",     "=3",   "otp=1 ",  "otp;demo", "OTP"};
    struct mix mix;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_not_equal(mix_parse(wrong[i], &mix), ERR_OK);
}

static void percentiles_are_times_that_were_measured(void **state) {
    (void)state;
    struct timing timing = {0};
    assert_true(timing_percentile_us(&timing, 0.5) == 0);
    for (int i = 1000; i >= 1; i--)
        assert_int_equal(timing_add(&timing, i * 1000), ERR_OK);
    assert_true(timing_percentile_us(&timing, 0.5) == 500);
    assert_true(timing_percentile_us(&timing, 0.99) == 990);
    assert_true(timing_percentile_us(&timing, 0.999) == 999);
    assert_true(timing_percentile_us(&timing, 1) == 1000);
    timing_free(&timing);
}

static void calls_leave_by_their_time_then_in_order(void **state) {
    (void)state;
    static struct transaction transactions[200];
    struct ready ready;
    assert_int_equal(ready_open(&ready, 200), ERR_OK);
    assert_null(ready_first(&ready));
    for (unsigned i = 0; i < 200; i++) {
        transactions[i].slot = i;
        transactions[i].due_ns = (i * 37) % 20;
        ready_put(&ready, &transactions[i]);
    }
    const struct transaction *last = NULL;
    for (unsigned i = 0; i < 200; i++) {
        const struct transaction *first = ready_first(&ready);
        assert_non_null(first);
        if (last != NULL)
            assert_true(last->due_ns < first->due_ns ||
                        (last->due_ns == first->due_ns && last->slot < first->slot));
        last = first;
        ready_remove_first(&ready);
    }
    assert_null(ready_first(&ready));
    ready_close(&ready);
}

/* The answer to a call that was due at 1 ms, went out at 9 ms and came back at 10 ms. */
static struct transaction late_call(void) {
    return (struct transaction){.kind = MIX_OTP,
                                .call = CALL_AUTH_OTP,
                                .due_ns = 1000000,
                                .sent_ns = 9000000,
                                .done_ns = 10000000,
                                .measured = true};
}

static void a_late_call_counts_from_when_it_was_due(void **state) {
    (void)state;
    struct tally tally = {0};
    struct transaction transaction = late_call();
    assert_int_equal(tally_call(&tally, &transaction), ERR_OK);
    assert_true(timing_percentile_us(&tally.times[CALL_AUTH_OTP], 0.5) == 9000);
    transaction.due_ns = 0; /* a closed loop knows no time but that */
    tally_free(&tally);
    tally = (struct tally){0};
    assert_int_equal(tally_call(&tally, &transaction), ERR_OK);
    assert_true(timing_percentile_us(&tally.times[CALL_AUTH_OTP], 0.5) == 1000);
    tally_free(&tally);
}

static void only_right_last_answers_in_time_are_people_served(void **state) {
    (void)state;
    struct tally tally = {0};
    struct transaction transaction = late_call();
    tally_verdict(&tally, &transaction, 10000000);
    assert_int_equal(tally.completed, 1);
    tally_verdict(&tally, &transaction, 9999999);
    assert_int_equal(tally.completed, 1);
    assert_int_equal(tally.served, 2);
    transaction.call = CALL_OTP; /* only the code so far */
    tally_verdict(&tally, &transaction, 10000000);
    assert_int_equal(tally.served, 2);
    assert_int_equal(tally.wrong, 0);
    transaction.call = CALL_AUTH_OTP;
    strcpy(transaction.verdict, "IDA-OTA-001");
    tally_verdict(&tally, &transaction, 10000000);
    assert_int_equal(tally.served, 2);
    assert_int_equal(tally.wrong, 1);
    assert_int_equal(tally_count(&tally, "IDA-OTA-001"), 1);
    assert_int_equal(tally_count(&tally, "HTTP 503"), 0);
    assert_int_equal(tally.judged, 4);
    tally_free(&tally);
}

static void processors_are_read_and_may_not_overlap(void **state) {
    (void)state;
    static const char *const wrong[] = {"",      "0",     "0:",  ":0",   "0:0",
                                        "0-2:2", "2-0:3", "a:b", "0:1:2"};
    struct cores cores = {0};
    assert_int_equal(cores_parse("0-2,5:3", &cores), ERR_OK);
    assert_true(cores.given);
    assert_int_equal(CPU_COUNT(&cores.server), 4);
    assert_true(CPU_ISSET(5, &cores.server));
    assert_int_equal(CPU_COUNT(&cores.generator), 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_not_equal(cores_parse(wrong[i], &cores), ERR_OK);
}

static void the_floor_counts_each_operation_of_a_call_once(void **state) {
    (void)state;
    struct floor_parts parts = {.decrypt = 1000, .sign = 100, .unpad = 20, .wrap = 7, .write = 3};
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        parts.verify[call] = 0.5;
        parts.open[call] = 0.25;
        parts.echo[call] = 0.125;
    }
    assert_true(floor_of_call(&parts, PROFILE_MOSIP, CALL_OTP) == 103.625);
    assert_true(floor_of_call(&parts, PROFILE_MOSIP, CALL_AUTH_OTP) == 1123.875);
    assert_true(floor_of_call(&parts, PROFILE_MOSIP, CALL_AUTH_DEMO) == 1123.875);
    assert_true(floor_of_call(&parts, PROFILE_MOSIP, CALL_KYC_OTP) == 1130.875);
    assert_true(floor_of_call(&parts, PROFILE_JOSE, CALL_OTP) == 1023.875);
    assert_true(floor_of_call(&parts, PROFILE_JOSE, CALL_AUTH_OTP) == 1123.875);
    assert_true(floor_of_call(&parts, PROFILE_JOSE, CALL_KYC_OTP) == 1130.875);
    parts.decrypt_finger = 2000;
    parts.unpad_finger = 200;
    parts.capture = 4000;
    parts.match = 8000;
    assert_true(floor_of_call(&parts, PROFILE_MOSIP, CALL_AUTH_FINGER) == 15323.875);
    assert_true(floor_of_call(&parts, PROFILE_JOSE, CALL_AUTH_FINGER) == 15323.875);
    assert_true(floor_of_call(&parts, PROFILE_JOSE, CALL_AUTH_OTP) == 1123.875);
}

static void a_transaction_is_found_by_its_name(void **state) {
    (void)state;
    struct transaction transaction = {.slot = 1234};
    unsigned slot = 0;
    assert_int_equal(transaction_name(&transaction), ERR_OK);
    assert_int_equal(strlen(transaction.id), 10);
    assert_int_equal(transaction_slot(transaction.id, &slot), ERR_OK);
    assert_int_equal(slot, 1234);
    assert_int_equal(transaction_slot("12345", &slot), ERR_MALFORMED);
    assert_int_not_equal(transaction_slot("abcdefghij", &slot), ERR_OK);
    transaction.slot = 10000;
    assert_int_not_equal(transaction_name(&transaction), ERR_OK);
}

static void the_clock_of_a_process_counts_its_work(void **state) {
    (void)state;
    int64_t before_ns = 0, after_ns = 0;
    assert_int_equal(processes_clock(getpid(), &before_ns), ERR_OK);
    clock_t until = clock() + CLOCKS_PER_SEC / 50;
    while (clock() < until)
        ;
    assert_int_equal(processes_clock(getpid(), &after_ns), ERR_OK);
    assert_true(after_ns - before_ns >= 15000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mix_is_read_with_its_weights),
        cmocka_unit_test(a_mix_that_is_none_is_refused),
        cmocka_unit_test(percentiles_are_times_that_were_measured),
        cmocka_unit_test(calls_leave_by_their_time_then_in_order),
        cmocka_unit_test(a_late_call_counts_from_when_it_was_due),
        cmocka_unit_test(only_right_last_answers_in_time_are_people_served),
        cmocka_unit_test(processors_are_read_and_may_not_overlap),
        cmocka_unit_test(the_floor_counts_each_operation_of_a_call_once),
        cmocka_unit_test(a_transaction_is_found_by_its_name),
        cmocka_unit_test(the_clock_of_a_process_counts_its_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
