#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/otp.h"
#include "authd/core/person.h"
#include "tests/unit/core_fixture.h"

/* Many lanes at once: no limit is exceeded, nothing is accepted twice. */
#define THREADS 8
#define TXN     "1234567890"

static struct core_box box;

struct guesser {
    pthread_t thread;
    pthread_barrier_t *start;
    const char *programme;
    const char *transaction;
    char code[7];
    unsigned guesses;
    unsigned compared, accepted, frozen, wrong, gone;
};

static void guess_once(struct guesser *guesser) {
    struct request *request = core_fixture_about(guesser->programme, 1, guesser->transaction);
    memcpy(request->payload.otp, guesser->code, sizeof guesser->code);
    assert_int_equal(otp_verify(&box.core, request), ERR_OK);
    const char *codes = core_fixture_codes(request);
    guesser->compared += request->compared;
    guesser->accepted += codes[0] == '\0';
    guesser->wrong += strcmp(codes, "IDA-OTA-004") == 0;
    guesser->frozen += strcmp(codes, "IDA-OTA-013") == 0;
    guesser->gone += strcmp(codes, "IDA-OTA-012") == 0;
    core_fixture_free(request);
}

static void *guess_on(void *context) {
    struct guesser *guesser = context;
    (void)pthread_barrier_wait(guesser->start);
    for (unsigned i = 0; i < guesser->guesses; i++)
        guess_once(guesser);
    return NULL;
}

/* All at once, and the sum of what they saw. */
static struct guesser run(struct guesser *guessers) {
    pthread_barrier_t start;
    struct guesser sum = {0};
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        guessers[i].start = &start;
        assert_int_equal(pthread_create(&guessers[i].thread, NULL, guess_on, &guessers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(guessers[i].thread, NULL), 0);
        sum.compared += guessers[i].compared;
        sum.accepted += guessers[i].accepted;
        sum.wrong += guessers[i].wrong;
        sum.frozen += guessers[i].frozen;
        sum.gone += guessers[i].gone;
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    return sum;
}

static struct core_code ask(const char *programme, const char *transaction) {
    struct core_code code = core_fixture_ask(&box, programme, 1, transaction);
    assert_string_equal(code.codes, "");
    return code;
}

static int make(void **state) {
    (void)state;
    core_fixture_make(&box, "otp-requests = 1000\notp-person-requests = 1000\n");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

static void parallel_guesses_never_exceed_the_limit(void **state) {
    (void)state;
    struct core_code code = ask("programme-a", TXN), wrong = core_fixture_wrong(&code);
    struct guesser guessers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        guessers[i] =
            (struct guesser){.programme = "programme-a", .transaction = TXN, .guesses = 10};
        memcpy(guessers[i].code, wrong.text, sizeof wrong.text);
    }
    struct guesser sum = run(guessers);
    assert_int_equal(sum.compared, box.core.settings.otp_attempts);
    assert_int_equal(sum.wrong, box.core.settings.otp_attempts - 1);
    assert_int_equal(sum.frozen, THREADS * 10 - sum.wrong);
}

static void programmes_together_never_exceed_the_persons_limit(void **state) {
    (void)state;
    static char programmes[THREADS][16], transactions[THREADS][11];
    struct guesser guessers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        snprintf(programmes[i], sizeof programmes[i], "programme-%u", i);
        snprintf(transactions[i], sizeof transactions[i], "%010u", i);
        struct core_code code = ask(programmes[i], transactions[i]);
        struct core_code wrong = core_fixture_wrong(&code);
        guessers[i] = (struct guesser){
            .programme = programmes[i], .transaction = transactions[i], .guesses = 10};
        memcpy(guessers[i].code, wrong.text, sizeof wrong.text);
    }
    struct guesser sum = run(guessers);
    assert_int_equal(sum.compared, box.core.settings.otp_person_attempts);
    assert_int_equal(sum.frozen + sum.wrong, THREADS * 10);
}

static void a_right_code_raced_is_accepted_once(void **state) {
    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        struct core_code code = ask("programme-a", TXN);
        struct guesser guessers[THREADS];
        for (size_t i = 0; i < THREADS; i++) {
            guessers[i] =
                (struct guesser){.programme = "programme-a", .transaction = TXN, .guesses = 1};
            memcpy(guessers[i].code, code.text, sizeof code.text);
        }
        struct guesser sum = run(guessers);
        assert_int_equal(sum.accepted, 1);
        /* Who was too many at once for the limit is told so; nobody else lost an attempt by it. */
        assert_int_equal(sum.gone + sum.frozen, THREADS - 1);
    }
}

struct user {
    pthread_t thread;
    pthread_barrier_t *start;
    bool refused;
};

static void *use_alias(void *context) {
    struct user *user = context;
    struct request *request = core_fixture_about("programme-a", 1, TXN);
    request->has_alias = true;
    request->alias = (struct alias){.alias_id = {7}, .uses = 2};
    (void)pthread_barrier_wait(user->start);
    assert_int_equal(person_use_alias(&box.core, request), ERR_OK);
    user->refused = request_refused(request);
    core_fixture_free(request);
    return NULL;
}

static void the_last_uses_of_a_vid_are_won_once_each(void **state) {
    (void)state;
    pthread_barrier_t start;
    struct user users[THREADS];
    unsigned won = 0;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        users[i] = (struct user){.start = &start};
        assert_int_equal(pthread_create(&users[i].thread, NULL, use_alias, &users[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(users[i].thread, NULL), 0);
        won += !users[i].refused;
    }
    assert_int_equal(won, 2);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

#define THREAD_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        THREAD_TEST(parallel_guesses_never_exceed_the_limit),
        THREAD_TEST(programmes_together_never_exceed_the_persons_limit),
        THREAD_TEST(a_right_code_raced_is_accepted_once),
        THREAD_TEST(the_last_uses_of_a_vid_are_won_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
