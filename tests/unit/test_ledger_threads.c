#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ledger_fixture.h"

/* Eight threads on the same rows, with the journal's thread settling behind them. */
#define THREADS 8
#define ROUNDS  200

static struct ledger_box box;
static atomic_uint bumps_won[ROUNDS], takes_won[ROUNDS], claims_won[ROUNDS], lowered[ROUNDS];
static atomic_bool failed;

static void settle(void *context) {
    struct ledger_box *of = context;
    if (ledger_settle(of->ledger) != ERR_OK)
        atomic_store(&failed, true);
}

static int set_up(void **state) {
    (void)state;
    ledger_fixture_make(&box, 10000);
    assert_int_equal(journal_start(box.journal, settle, &box), ERR_OK);
    atomic_store(&failed, false);
    for (size_t i = 0; i < ROUNDS; i++) {
        atomic_store(&bumps_won[i], 0);
        atomic_store(&takes_won[i], 0);
        atomic_store(&claims_won[i], 0);
        atomic_store(&lowered[i], 0);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_fixture_remove(&box);
    return 0;
}

static void run_threads(void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(atomic_load(&failed));
}

static struct ledger_op op(enum ledger_op_kind kind, const char *prefix, int number) {
    char name[32];
    (void)snprintf(name, sizeof name, "%s%d", prefix, number);
    struct ledger_op made = ledger_fixture_op(&box, kind, name);
    made.limit = 5;
    made.lifetime_ms = 3600000;
    return made;
}

/* A guess: counted before it is compared. Each thread guesses three times in each round. */
static void *guess(void *argument) {
    uint8_t memory[LEDGER_EFFECTS_MAX];
    (void)argument;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 3; i++) {
            struct ledger_op ops[] = {op(LEDGER_BUMP, "person", round)};
            struct buffer effects = buffer_over(memory, sizeof memory);
            size_t at;
            enum ledger_result result = ledger_claim(box.ledger, ops, 1, INT64_MAX, &at, &effects);
            if (result == LEDGER_WON)
                atomic_fetch_add(&bumps_won[round], 1);
            else if (result != LEDGER_LIMIT)
                atomic_store(&failed, true);
        }
    }
    return NULL;
}

static void parallel_guesses_never_exceed_the_limit(void **state) {
    (void)state;
    run_threads(guess);
    for (int round = 0; round < ROUNDS; round++)
        assert_int_equal(atomic_load(&bumps_won[round]), 5);
}

/* A right code presented by all threads at once, with its count given back by the one that wins. */
static void *present(void *argument) {
    uint8_t memory[2 * LEDGER_EFFECTS_MAX];
    (void)argument;
    for (int round = 0; round < ROUNDS; round++) {
        struct ledger_op bump = op(LEDGER_BUMP, "count", round);
        bump.limit = THREADS;
        struct ledger_op finish[] = {op(LEDGER_TAKE, "otp", round),
                                     op(LEDGER_LOWER, "count", round)};
        finish[0].value = bytes_of_text("the right code's mac");
        struct buffer effects = buffer_over(memory, sizeof memory);
        size_t at;
        if (ledger_claim(box.ledger, &bump, 1, INT64_MAX, &at, &effects) != LEDGER_WON)
            atomic_store(&failed, true);
        enum ledger_result result = ledger_claim(box.ledger, finish, 2, INT64_MAX, &at, &effects);
        if (result == LEDGER_WON)
            atomic_fetch_add(&takes_won[round], 1);
        else if (result != LEDGER_TAKEN)
            atomic_store(&failed, true);
    }
    return NULL;
}

static void a_right_code_raced_by_many_is_accepted_once(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct ledger_op put = op(LEDGER_PUT, "otp", round);
        put.value = bytes_of_text("the right code's mac");
        assert_int_equal(ledger_fixture_claim(&box, &put, 1), LEDGER_WON);
    }
    run_threads(present);
    char name[32];
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(atomic_load(&takes_won[round]), 1);
        (void)snprintf(name, sizeof name, "count%d", round);
        assert_int_equal(ledger_fixture_count(&box, name), THREADS - 1);
    }
}

/* Whole requests: claims made durable by the journal's thread, then looked for after a restart. */
static void *request(void *argument) {
    (void)argument;
    for (int round = 0; round < ROUNDS; round++) {
        struct ledger_op ops[] = {op(LEDGER_BUMP, "all", round), op(LEDGER_CLAIM, "replay", round)};
        ops[0].limit = 1000;
        uint8_t memory[LEDGER_EFFECTS_MAX + 16];
        struct buffer effects = buffer_over(memory, LEDGER_EFFECTS_MAX), payload;
        size_t at;
        enum ledger_result result = ledger_claim(box.ledger, ops, 2, INT64_MAX, &at, &effects);
        if (result == LEDGER_TAKEN) {
            effects.len = 0;
            result = ledger_claim(box.ledger, ops, 1, INT64_MAX, &at, &effects);
        } else {
            atomic_fetch_add(&claims_won[round], 1);
        }
        payload = buffer_over(memory, sizeof memory);
        payload.len = effects.len; /* what was claimed already lies there */
        buffer_u32(&payload, (uint32_t)effects.len);
        if (result != LEDGER_WON ||
            journal_append(box.journal, JOURNAL_REQUEST, bytes_of(memory, payload.len)) != ERR_OK)
            atomic_store(&failed, true);
    }
    return NULL;
}

static void every_request_counts_over_a_restart(void **state) {
    (void)state;
    char name[32];
    run_threads(request);
    ledger_fixture_close(&box);
    ledger_fixture_open(&box);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(atomic_load(&claims_won[round]), 1);
        (void)snprintf(name, sizeof name, "all%d", round);
        assert_int_equal(ledger_fixture_count(&box, name), THREADS);
        struct ledger_op again = op(LEDGER_CLAIM, "replay", round);
        assert_int_equal(ledger_fixture_claim(&box, &again, 1), LEDGER_TAKEN);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(parallel_guesses_never_exceed_the_limit),
        TEST(a_right_code_raced_by_many_is_accepted_once),
        TEST(every_request_counts_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
