#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/biometric_tries.h"
#include "authd/core/budget.h"
#include "tests/unit/core_fixture.h"

/* How often somebody may hold a finger, an eye or a face to a device that does not know them. */
#define A      "programme-a"
#define B      "programme-b"
#define SECOND 1000LL
#define DAY    (24 * 3600 * SECOND)

static struct core_box box;
static _Atomic unsigned bodies;

/* Both clocks go on by the first, the wall clock is set by the second besides. */
static _Atomic int64_t passed_ms, wall_set_ms;

int64_t __real_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void);
int64_t __real_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_boot_ms(void) {
    return __real_clock_boot_ms() + passed_ms;
}

int64_t __wrap_clock_wall_ms(void) {
    return __real_clock_wall_ms() + passed_ms + wall_set_ms;
}

static int make(void **state) {
    (void)state;
    passed_ms = wall_set_ms = 0;
    core_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

static struct request *request_of(const char *programme, unsigned person) {
    struct request *request = core_fixture_about(programme, person, "1234567890");
    unsigned body = ++bodies;
    memcpy(request->body_hash, &body, sizeof body);
    return request;
}

/* One try that does not match, its record durable: the codes of its refusal, "" when it counted. */
static const char *try_at(const char *programme, unsigned person,
                          enum biometric_modality modality) {
    struct request *request = request_of(programme, person);
    assert_int_equal(biometric_tries_count(&box.core, request, modality), ERR_OK);
    const char *codes = core_fixture_codes(request);
    assert_int_equal(request->budget_spent, codes[0] == '\0');
    if (codes[0] == '\0')
        ledger_fixture_record(&box.store, bytes_of(request->effects_memory, request->effects.len));
    else
        assert_int_equal(request->effects.len, 0);
    core_fixture_free(request);
    return codes;
}

static void mismatch(unsigned person, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        assert_string_equal(try_at(A, person, BIOMETRIC_FINGER), "");
}

static void match(unsigned person) {
    struct request *request = request_of(A, person);
    assert_int_equal(biometric_tries_count(&box.core, request, BIOMETRIC_FINGER), ERR_OK);
    assert_false(request_refused(request));
    assert_int_equal(biometric_tries_forget(&box.core, request, BIOMETRIC_FINGER), ERR_OK);
    assert_false(request->budget_spent);
    core_fixture_free(request);
}

static int64_t wait_of(unsigned person, enum biometric_modality modality) {
    struct request *request = request_of(A, person);
    int64_t wait_ms = -1;
    assert_int_equal(biometric_tries_wait(&box.core, request, modality, &wait_ms), ERR_OK);
    core_fixture_free(request);
    return wait_ms;
}

/* The clocks go on from the moment of the last try: real time passes too, a little. */
static void expect_wait(int64_t wait_ms) {
    assert_in_range(wait_of(1, BIOMETRIC_FINGER), wait_ms - 20 * SECOND, wait_ms);
}

static void five_tries_are_free_and_the_sixth_waits(void **state) {
    (void)state;
    mismatch(1, 4);
    assert_int_equal(wait_of(1, BIOMETRIC_FINGER), 0);
    mismatch(1, 1);
    expect_wait(30 * SECOND);
    assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
    passed_ms += 31 * SECOND;
    assert_int_equal(wait_of(1, BIOMETRIC_FINGER), 0);
    assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "");
}

static void a_refusal_says_which_modality_must_wait(void **state) {
    (void)state;
    static const char *const names[] = {"bio-Finger", "bio-Iris", "bio-Face"};
    for (unsigned modality = 0; modality < 3; modality++) {
        for (unsigned i = 0; i < 5; i++)
            assert_string_equal(try_at(A, 1, modality), "");
        struct request *request = request_of(A, 1);
        assert_int_equal(biometric_tries_count(&box.core, request, modality), ERR_OK);
        assert_string_equal(core_fixture_codes(request), "IDA-MLC-019");
        assert_string_equal(request->statement.errors[0].detail, names[modality]);
        assert_string_equal(request->reason, "biometric-must-wait");
        core_fixture_free(request);
    }
}

static void each_further_wait_is_twice_as_long_up_to_a_day(void **state) {
    (void)state;
    mismatch(1, 5);
    int64_t wait_ms = 30 * SECOND;
    for (unsigned i = 0; i < 16; i++) {
        expect_wait(wait_ms);
        passed_ms += wait_ms - 20 * SECOND;
        assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
        passed_ms += 20 * SECOND;
        mismatch(1, 1);
        wait_ms = wait_ms * 2 < DAY ? wait_ms * 2 : DAY;
    }
    assert_int_equal(wait_ms, DAY);
}

static void a_refused_try_makes_no_wait_longer(void **state) {
    (void)state;
    mismatch(1, 5);
    for (unsigned i = 0; i < 20; i++)
        assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
    passed_ms += 31 * SECOND;
    mismatch(1, 1);
    expect_wait(60 * SECOND);
}

static void a_match_forgets_them(void **state) {
    (void)state;
    mismatch(1, 4);
    match(1);
    mismatch(1, 4);
    match(1);
    mismatch(1, 5);
    passed_ms += 31 * SECOND;
    match(1);
    assert_int_equal(wait_of(1, BIOMETRIC_FINGER), 0);
    mismatch(1, 5);
    expect_wait(30 * SECOND);
}

static void time_alone_forgets_nothing(void **state) {
    (void)state;
    mismatch(1, 5);
    passed_ms += 300 * DAY;
    mismatch(1, 1);
    expect_wait(60 * SECOND);
    passed_ms += 300 * DAY; /* from the last failure on */
    mismatch(1, 1);
    expect_wait(120 * SECOND);
}

static void every_programme_counts_and_every_modality_and_person_alone(void **state) {
    (void)state;
    mismatch(1, 3);
    assert_string_equal(try_at(B, 1, BIOMETRIC_FINGER), "");
    assert_string_equal(try_at(B, 1, BIOMETRIC_FINGER), "");
    assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
    assert_string_equal(try_at(A, 1, BIOMETRIC_IRIS), "");
    assert_string_equal(try_at(A, 1, BIOMETRIC_FACE), "");
    assert_string_equal(try_at(A, 2, BIOMETRIC_FINGER), "");
}

/* What is durable is read back: a restart is no way round a wait, nor a new count. */
static void a_restart_forgets_nothing(void **state) {
    (void)state;
    mismatch(1, 3);
    core_fixture_restart(&box);
    mismatch(1, 2);
    core_fixture_restart(&box);
    expect_wait(30 * SECOND);
    assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
    passed_ms += 31 * SECOND;
    mismatch(1, 1);
    box.store.boot_id[0]++;
    core_fixture_restart(&box);
    expect_wait(60 * SECOND);
}

static void a_wall_clock_that_is_set_forward_ends_no_wait(void **state) {
    (void)state;
    mismatch(1, 5);
    wall_set_ms = 2 * DAY;
    assert_string_equal(try_at(A, 1, BIOMETRIC_FINGER), "IDA-MLC-019");
}

static void a_programme_without_budget_compares_nothing(void **state) {
    (void)state;
    box.core.settings.failures_an_hour = 3;
    for (unsigned person = 1; person <= 3; person++)
        mismatch(person, 1);
    assert_string_equal(try_at(A, 4, BIOMETRIC_FINGER), "IDA-MLC-007");
    assert_string_equal(try_at(B, 4, BIOMETRIC_FINGER), "");
    for (unsigned i = 0; i < 4; i++) /* none of the refused ones was counted */
        assert_string_equal(try_at(B, 4, BIOMETRIC_FINGER), i < 2 ? "" : "IDA-MLC-007");
}

static void a_match_costs_the_programme_nothing(void **state) {
    (void)state;
    box.core.settings.failures_an_hour = 1;
    for (unsigned i = 0; i < 10; i++)
        match(1);
    mismatch(1, 1);
    assert_string_equal(try_at(A, 2, BIOMETRIC_FINGER), "IDA-MLC-007");
}

static void settings_say_how_many_and_how_long(void **state) {
    (void)state;
    box.core.settings.bio_attempts = 2;
    box.core.settings.bio_wait_seconds = 100;
    mismatch(1, 2);
    expect_wait(100 * SECOND);
    passed_ms += 101 * SECOND;
    mismatch(1, 1);
    expect_wait(200 * SECOND);
}

static void without_a_ledger_nothing_is_compared(void **state) {
    (void)state;
    struct request *request = request_of(A, 1);
    request->deadline_boot_ms = 0;
    assert_int_equal(biometric_tries_count(&box.core, request, BIOMETRIC_FINGER), ERR_UNAVAILABLE);
    assert_int_equal(biometric_tries_forget(&box.core, request, BIOMETRIC_FINGER), ERR_UNAVAILABLE);
    assert_int_equal(biometric_tries_count(&box.core, request, 3), ERR_DENIED);
    core_fixture_free(request);
}

#define THREADS 8
struct trier {
    pthread_t thread;
    unsigned person;
    pthread_barrier_t *start;
    unsigned counted, waited;
};

static void *try_on(void *context) {
    struct trier *trier = context;
    (void)pthread_barrier_wait(trier->start);
    for (unsigned i = 0; i < 4; i++) {
        struct request *request = request_of(A, trier->person);
        assert_int_equal(biometric_tries_count(&box.core, request, BIOMETRIC_FINGER), ERR_OK);
        trier->counted += !request_refused(request);
        trier->waited += request_refused(request);
        core_fixture_free(request);
    }
    return NULL;
}

static unsigned try_in_parallel(unsigned person) {
    pthread_barrier_t start;
    struct trier triers[THREADS] = {0};
    unsigned counted = 0, waited = 0;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        triers[i].start = &start;
        triers[i].person = person;
        assert_int_equal(pthread_create(&triers[i].thread, NULL, try_on, &triers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(triers[i].thread, NULL), 0);
        counted += triers[i].counted;
        waited += triers[i].waited;
    }
    assert_int_equal(counted + waited, THREADS * 4);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    return counted;
}

/* Many people, for two threads seldom meet between the reading of a count and its claim. */
static void parallel_tries_are_no_more_than_one_after_the_other(void **state) {
    (void)state;
    box.core.settings.bio_wait_seconds = 1000; /* longer than the test */
    box.core.settings.failures_an_hour = 100000;
    for (unsigned person = 1; person <= 300; person++)
        assert_int_equal(try_in_parallel(person), 5);
    passed_ms += DAY;
    for (unsigned person = 1; person <= 300; person++)
        assert_int_equal(try_in_parallel(person), 1);
}

#define TRIES_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        TRIES_TEST(five_tries_are_free_and_the_sixth_waits),
        TRIES_TEST(a_refusal_says_which_modality_must_wait),
        TRIES_TEST(each_further_wait_is_twice_as_long_up_to_a_day),
        TRIES_TEST(a_refused_try_makes_no_wait_longer),
        TRIES_TEST(a_match_forgets_them),
        TRIES_TEST(time_alone_forgets_nothing),
        TRIES_TEST(every_programme_counts_and_every_modality_and_person_alone),
        TRIES_TEST(a_restart_forgets_nothing),
        TRIES_TEST(a_wall_clock_that_is_set_forward_ends_no_wait),
        TRIES_TEST(a_programme_without_budget_compares_nothing),
        TRIES_TEST(a_match_costs_the_programme_nothing),
        TRIES_TEST(settings_say_how_many_and_how_long),
        TRIES_TEST(without_a_ledger_nothing_is_compared),
        TRIES_TEST(parallel_tries_are_no_more_than_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
