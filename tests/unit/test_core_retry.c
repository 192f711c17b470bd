#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/notify_wire.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/lane_jose.h"

/* Retries with an Idempotency-Key: what was decided and recorded is said again and nothing is
 * counted; what was not is decided anew, whatever died in between. */
#define TXN "transaction.1"
#define KEY "a-key-of-16-chars"

static const struct lane_jose_post asks = {
    .function = FUNCTION_OTP, .programme = LANE_FIRST, .transaction = TXN, .key = KEY, .person = 1};
static const struct lane_jose_post guesses = {.function = FUNCTION_AUTH,
                                              .programme = LANE_FIRST,
                                              .transaction = TXN,
                                              .code = "123456",
                                              .key = KEY,
                                              .person = 1};
static struct lane_box box;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_jose_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

/* A request with the right code, under a key of its own. */
static struct lane_jose_post right_guess(void) {
    static struct lane_jose_code code;
    struct lane_jose_post first = asks, presents = guesses;
    first.key = NULL;
    code = lane_jose_ask(&box, &first);
    presents.code = code.code;
    return presents;
}

static struct lane_jose_post wrong_guess(void) {
    static char code[8];
    struct lane_jose_post post = right_guess();
    snprintf(code, sizeof code, "%s", post.code);
    code[5] = (char)('0' + (code[5] - '0' + 1) % 10);
    post.code = code;
    return post;
}

/* The same bytes once more, of a yes: the person is looked up again, but nothing compared. */
static struct lane_jose_answer repeat_yes(void) {
    (void)lane_jose_post_again(&box);
    lane_jose_play_lookup(&box);
    lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    return lane_jose_answer(&box);
}

/* Of anything else: nobody is asked but unseal. */
static struct lane_jose_answer repeat(void) {
    (void)lane_jose_post_again(&box);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    return lane_jose_answer(&box);
}

static void a_yes_is_said_again_and_uses_nothing_up(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess();
    struct lane_jose_answer first = lane_jose_try(&box, &presents, true);
    struct result said = *lane_jose_result();
    core_clock_shift_ms += 599 * 1000;
    struct lane_jose_answer second = repeat_yes();
    assert_int_equal(second.status, 200);
    assert_string_equal(second.body, first.body); /* sub, iat and amr are in it */
    assert_memory_equal(lane_jose_result()->jti, said.jti, sizeof said.jti);
    static const uint8_t nothing[sizeof said.jti];
    assert_memory_not_equal(said.jti, nothing, sizeof nothing);
    assert_true(lane_jose_result()->auth_time_s == said.auth_time_s);
}

static void after_its_time_a_key_is_forgotten(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess();
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
    core_clock_shift_ms += 601 * 1000;
    assert_string_equal(repeat().problem, "out-of-time");
}

static void a_retried_failure_costs_one_attempt(void **state) {
    (void)state;
    struct lane_jose_post presents = wrong_guess();
    assert_string_equal(lane_jose_try(&box, &presents, false).problem, "not-authenticated");
    for (unsigned i = 0; i < 10; i++) {
        int64_t begun_ns = clock_boot_ns();
        assert_string_equal(repeat().problem, "not-authenticated");
        assert_true(clock_boot_ns() - begun_ns >= LANE_REFUSAL_MS * INT64_C(1000000));
    }
    struct lane_jose_post right = presents;
    char code[8];
    snprintf(code, sizeof code, "%s", presents.code);
    code[5] = (char)('0' + (code[5] - '0' + 9) % 10);
    right.code = code;
    right.key = "another-key-of-it";
    assert_int_equal(lane_jose_try(&box, &right, true).status, 200);
}

static void a_retried_request_for_a_code_sends_one_message(void **state) {
    (void)state;
    struct lane_jose_answer first = lane_jose_ask(&box, &asks).answer;
    struct lane_jose_answer second = repeat();
    assert_int_equal(second.status, 202);
    assert_string_equal(second.body, first.body);
    while (lane_fixture_waiting(&box, STEP_FREE) < LANE_REQUESTS_MAX)
        assert_int_equal(serve_turn(box.lane->serve, 1), ERR_OK);
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

static void a_key_is_for_one_body_of_one_programme(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess(), other = presents;
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
    (void)lane_jose_post(&box, &other); /* another nonce */
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_int_equal(answer.status, 422);
    assert_string_equal(answer.problem, "key-reused");
    other.programme = LANE_SECOND;
    assert_string_equal(lane_jose_try(&box, &other, false).problem, "not-authenticated");
}

/* The same bytes, sent to a call that their policy does not allow. */
static void a_key_is_for_one_call(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    policy.allowed &= ~AUTH_TYPE_BIT(AUTH_TYPE_KYC);
    lane_jose_put_policy(&box, &policy);
    struct lane_jose_post presents = right_guess();
    presents.claims = ",\"attributes\":[\"phoneNumber\"]";
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
    (void)lane_jose_post_to(&box, "/v1/attributes");
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    assert_string_equal(lane_jose_answer(&box).problem, "key-reused");
}

static void while_the_first_is_under_way_a_second_waits(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess();
    static struct lane_party_answer derived;
    uint64_t first = lane_jose_post(&box, &presents);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_hold(&box, PARTY_SIGNER, HSM_DERIVE, &derived);
    struct lane_jose_answer second = repeat();
    assert_int_equal(second.status, 409);
    assert_string_equal(second.problem, "in-progress");
    assert_int_equal(second.retry_after_seconds, 1);
    lane_fixture_send(&box, PARTY_SIGNER, &derived.frame);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_SEALED);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_int_equal(answer.id, first);
    assert_int_equal(answer.status, 200);
    assert_string_equal(repeat_yes().body, answer.body);
}

static void without_a_key_a_body_that_comes_again_is_a_replay(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess();
    presents.key = NULL;
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
    assert_string_equal(repeat().problem, "replayed");
}

static void a_recorded_yes_outlives_core(void **state) {
    (void)state;
    struct lane_jose_post presents = right_guess();
    struct lane_jose_answer first = lane_jose_try(&box, &presents, true);
    lane_fixture_succeed(&box);
    assert_string_equal(repeat_yes().body, first.body);
}

static void a_recorded_no_outlives_core(void **state) {
    (void)state;
    struct lane_jose_post presents = wrong_guess();
    assert_string_equal(lane_jose_try(&box, &presents, false).problem, "not-authenticated");
    lane_fixture_succeed(&box);
    assert_string_equal(repeat().problem, "not-authenticated");
}

/* Killed before the signature: nothing was recorded, so the code is good for the retry. */
static void what_was_not_recorded_is_decided_anew(void **state) {
    (void)state;
    static struct lane_party_answer held;
    struct lane_jose_post presents = right_guess();
    (void)lane_jose_post(&box, &presents);
    lane_jose_play_lookup(&box);
    lane_jose_hold(&box, PARTY_SIGNER, HSM_RESULT, &held);
    lane_fixture_succeed(&box);
    assert_int_equal(repeat_yes().status, 200);
}

/* A request that ends without a decision frees its key, its body and its block. */
static void an_undecided_request_can_be_tried_again(void **state) {
    (void)state;
    static struct lane_party_answer held;
    struct lane_jose_post presents = right_guess();
    (void)lane_jose_post(&box, &presents);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_SEALED);
    static struct hsm_looked_up failed = {.receipt.status = ERR_LIMIT};
    lane_party_hold(&box, PARTY_SIGNER, HSM_LOOKUP, &held);
    struct buffer payload = buffer_over(held.memory, sizeof held.memory);
    hsm_wire_put_looked_up(&payload, &failed);
    assert_int_equal(buffer_end(&payload, &held.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_SIGNER, &held.frame);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.problem, "unavailable");
    assert_int_equal(answer.retry_after_seconds, 1);
    assert_int_equal(repeat_yes().status, 200);
}

/* The answer fails when all is decided: the code is used up, and the retry is told the yes. */
static void a_decided_request_that_was_not_signed_is_told_to_its_retry(void **state) {
    (void)state;
    static struct lane_party_answer held;
    struct lane_jose_post presents = right_guess();
    (void)lane_jose_post(&box, &presents);
    lane_jose_play_lookup(&box);
    lane_jose_hold(&box, PARTY_SIGNER, HSM_RESULT, &held);
    const struct hsm_result_signed failed = {.receipt.status = ERR_LIMIT};
    struct buffer payload = buffer_over(held.memory, sizeof held.memory);
    hsm_wire_put_result_signed(&payload, &failed);
    assert_int_equal(buffer_end(&payload, &held.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_SIGNER, &held.frame);
    assert_string_equal(lane_jose_answer(&box).problem, "unavailable");
    assert_int_equal(repeat_yes().status, 200);
    lane_fixture_succeed(&box);
    assert_int_equal(repeat_yes().status, 200);
    struct lane_jose_post again = presents;
    again.key = "another-key-of-it";
    assert_string_equal(lane_jose_try(&box, &again, false).problem, "not-authenticated");
}

/* A policy's random token is one of the request, so that a retry has the same. */
static void two_requests_have_two_random_tokens(void **state) {
    (void)state;
    struct lane_jose_post declares = guesses;
    declares.key = declares.code = NULL;
    declares.sealed = ",\"demographics\":{\"phoneNumber\":\"+212600000001\"}";
    char subject[64];
    assert_int_equal(lane_jose_try(&box, &declares, true).status, 200);
    snprintf(subject, sizeof subject, "%s", lane_jose_result()->subject);
    assert_int_equal(lane_jose_try(&box, &declares, true).status, 200);
    assert_string_not_equal(lane_jose_result()->subject, subject);
}

#define RETRY_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        RETRY_TEST(a_yes_is_said_again_and_uses_nothing_up),
        RETRY_TEST(after_its_time_a_key_is_forgotten),
        RETRY_TEST(a_retried_failure_costs_one_attempt),
        RETRY_TEST(a_retried_request_for_a_code_sends_one_message),
        RETRY_TEST(a_key_is_for_one_body_of_one_programme),
        RETRY_TEST(a_key_is_for_one_call),
        RETRY_TEST(while_the_first_is_under_way_a_second_waits),
        RETRY_TEST(without_a_key_a_body_that_comes_again_is_a_replay),
        RETRY_TEST(a_recorded_yes_outlives_core),
        RETRY_TEST(a_recorded_no_outlives_core),
        RETRY_TEST(what_was_not_recorded_is_decided_anew),
        RETRY_TEST(an_undecided_request_can_be_tried_again),
        RETRY_TEST(a_decided_request_that_was_not_signed_is_told_to_its_retry),
        RETRY_TEST(two_requests_have_two_random_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
