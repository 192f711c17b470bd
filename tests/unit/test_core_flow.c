#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_party.h"

/* The way of one request through a lane: each question in its order, and what each answer may come
 * to. */
#define TXN "1234567890"

static const struct lane_post asks = {LANE_FIRST, TXN, NULL, 1},
                              guesses = {LANE_FIRST, TXN, "123456", 1};
static struct lane_box box;
static struct lane_party_answer answer;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static void a_code_is_asked_for_sent_and_accepted_once(void **state) {
    (void)state;
    static struct lane_party_code code;
    lane_party_ask(&box, &asks, &code);
    assert_int_equal(code.result.status, 200);
    assert_string_equal(code.result.text, TXN " yes");
    assert_int_equal(strspn(code.code, "0123456789"), 6);
    const struct lane_post presents = {LANE_FIRST, TXN, code.code, 1};
    assert_string_equal(lane_party_authenticate(&box, &presents).text, TXN " yes");
    core_clock_shift_ms++; /* another body */
    assert_string_equal(lane_party_authenticate(&box, &presents).text, TXN " IDA-OTA-012");
    lane_fixture_expect_idle(&box);
}

static void anothers_code_is_refused(void **state) {
    (void)state;
    static struct lane_party_code code;
    lane_party_ask(&box, &asks, &code);
    const struct lane_post person = {LANE_FIRST, TXN, code.code, 2},
                           programme = {LANE_SECOND, TXN, code.code, 1};
    assert_string_equal(lane_party_authenticate(&box, &person).text, TXN " IDA-OTA-005");
    assert_string_equal(lane_party_authenticate(&box, &programme).text, TXN " IDA-OTA-011");
}

static void the_same_bytes_are_answered_once(void **state) {
    (void)state;
    static struct lane_party_code code;
    lane_party_ask(&box, &asks, &code);
    uint64_t id = lane_fixture_post_again(&box);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, id);
    assert_string_equal(result.text, TXN " IDA-MLC-007");
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

/* What a captured worker would do: the signature is of the raw bytes, so these are what counts. */
static void a_worker_cannot_put_another_person_into_a_signed_request(void **state) {
    (void)state;
    static struct envelope envelope;
    (void)lane_fixture_post(&box, &asks);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &answer);
    assert_int_equal(unseal_wire_get_envelope(answer.frame.payload, &envelope), ERR_OK);
    lane_fixture_identifier(2, envelope.individual_id.text);
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer payload = buffer_over(memory, sizeof memory);
    unseal_wire_put_envelope(&payload, &envelope);
    assert_int_equal(buffer_end(&payload, &answer.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, TXN " IDA-MLC-007");
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

static void only_the_answer_to_the_outstanding_question_counts(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &answer);
    struct frame bent[] = {answer.frame, answer.frame, answer.frame};
    bent[0].generation--;
    bent[1].id ^= (uint64_t)1 << 40;
    bent[2].id++; /* a slot that is free */
    for (size_t i = 0; i < sizeof bent / sizeof *bent; i++) {
        lane_fixture_send(&box, PARTY_UNSEAL, &bent[i]);
        assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    }
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame); /* twice: it is not what is waited for */
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_int_equal(lane_fixture_receive(&box, PARTY_NOTIFIER, 402).payload.len > 0, 1);
    assert_string_equal(lane_party_result(&box).text, TXN " yes");
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
}

static void send_status(enum err status, uint16_t type) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    static struct hsm_looked_up looked_up;
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct hsm_receipt receipt = {.status = status};
    const struct hsm_unwrapped unwrapped = {.receipt = receipt};
    const struct hsm_stated stated = {.receipt = receipt};
    looked_up = (struct hsm_looked_up){.receipt = receipt};
    lane_party_hold(&box, PARTY_SIGNER, type, &answer);
    if (type == HSM_UNWRAP)
        hsm_wire_put_unwrapped(&payload, &unwrapped);
    else if (type == HSM_LOOKUP)
        hsm_wire_put_looked_up(&payload, &looked_up);
    else
        hsm_wire_put_stated(&payload, &stated);
    assert_int_equal(buffer_end(&payload, &answer.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_SIGNER, &answer.frame);
}

static void expect_bare(uint16_t status) {
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.status, status);
    assert_string_equal(result.text, "");
    lane_fixture_expect_idle(&box);
}

static void a_session_key_that_does_not_unwrap_is_refused_in_a_signed_answer(void **state) {
    (void)state;
    static const enum err statuses[] = {ERR_CRYPTO, ERR_NOT_FOUND};
    for (size_t i = 0; i < 2; i++) {
        core_clock_shift_ms++;
        (void)lane_fixture_post(&box, &guesses);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        send_status(statuses[i], HSM_UNWRAP);
        lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
        assert_string_equal(lane_party_result(&box).text, TXN " IDA-MLC-007");
        assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    }
}

static void say_unwrapped(const struct hsm_lookup_keys *lookup) {
    static uint8_t memory[1024];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct hsm_unwrapped unwrapped = {.receipt.status = ERR_OK, .lookup = *lookup};
    hsm_wire_put_unwrapped(&payload, &unwrapped);
    assert_int_equal(buffer_end(&payload, &answer.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_SIGNER, &answer.frame);
}

/* It would be taken for somebody who is unknown: the signer is lost, and another one asked. */
static void an_unwrapping_without_the_lookup_that_was_asked_for_is_no_answer(void **state) {
    (void)state;
    const struct hsm_lookup_keys none = {0},
                                 twice = {.count = 2, .of = {{.generation = 1}, {.generation = 1}}};
    const struct hsm_lookup_keys *answers[] = {&none, &twice};
    for (size_t i = 0; i < 2; i++) {
        core_clock_shift_ms++;
        (void)lane_fixture_post(&box, &guesses);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        lane_party_hold(&box, PARTY_SIGNER, HSM_UNWRAP, &answer);
        say_unwrapped(answers[i]);
        assert_true(lane_fixture_was_reported(&box, PARTY_SIGNER));
        assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
        lane_fixture_peer_down(&box, PARTY_SIGNER);
        lane_party_play(&box, PARTY_OTHER_SIGNER, HSM_UNWRAP);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_PAYLOAD);
        lane_party_play(&box, PARTY_OTHER_SIGNER, HSM_STATEMENT);
        assert_non_null(strstr(lane_party_result(&box).text, "IDA-OTA")); /* she was found */
        lane_fixture_peer_up(&box, PARTY_SIGNER);
        lane_fixture_hello(&box, PARTY_SIGNER, (uint8_t)(10 + i));
    }
}

static void a_signer_that_cannot_is_no_yes(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &guesses);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    send_status(ERR_LIMIT, HSM_UNWRAP);
    expect_bare(503);
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    send_status(ERR_LIMIT, HSM_LOOKUP);
    expect_bare(503);
    core_clock_shift_ms++;
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    send_status(ERR_LIMIT, HSM_STATEMENT);
    expect_bare(503);
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

/* The code that was made for it is void, and the request does not count. */
static void a_code_whose_answer_cannot_be_signed_is_void(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2 * box.core->settings.otp_requests; i++) {
        core_clock_shift_ms++;
        (void)lane_fixture_post(&box, &asks);
        lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
        lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
        send_status(ERR_LIMIT, HSM_STATEMENT);
        expect_bare(503);
    }
    assert_string_equal(lane_party_authenticate(&box, &guesses).text, TXN " IDA-OTA-012");
}

static void the_content_key_stays_nowhere_once_it_was_sent(void **state) {
    (void)state;
    uint8_t key[HSM_CONTENT_KEY_BYTES];
    memset(key, LANE_CONTENT_KEY_BYTE, sizeof key);
    (void)lane_fixture_post(&box, &guesses);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_UNWRAP);
    struct frame question = lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_PAYLOAD);
    assert_non_null(memmem(question.payload.data, question.payload.len, key, sizeof key));
    assert_null(memmem(box.lane->scratch, FRAME_PAYLOAD_MAX, key, sizeof key));
    lane_party_unseal(&question, &answer);
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_STATEMENT), 1);
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++)
        assert_null(box.lane->requests[i].content_key.data);
}

static void a_path_that_is_no_function_is_not_found(void **state) {
    (void)state;
    static struct envelope envelope;
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer payload = buffer_over(memory, sizeof memory);
    (void)lane_fixture_post(&box, &asks);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &answer);
    assert_int_equal(unseal_wire_get_envelope(answer.frame.payload, &envelope), ERR_OK);
    envelope.function = FUNCTION_NONE;
    envelope.path_complete = false;
    envelope.misp_license_key[0] = envelope.partner_id[0] = envelope.api_key[0] = 0;
    unseal_wire_put_envelope(&payload, &envelope);
    assert_int_equal(buffer_end(&payload, &answer.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &answer.frame);
    expect_bare(404);
}

static void a_box_that_does_not_serve_refuses_at_once(void **state) {
    (void)state;
    atomic_store(&box.core->state, BOX_MAINTENANCE);
    (void)lane_fixture_post(&box, &asks);
    expect_bare(503);
    atomic_store(&box.core->state, BOX_OPERATIONAL);
    atomic_store(&box.core->opened, false);
    (void)lane_fixture_post(&box, &asks);
    expect_bare(503);
    atomic_store(&box.core->opened, true);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
}

static void a_lane_takes_as_many_as_it_has_room_for(void **state) {
    (void)state;
    for (unsigned i = 0; i < LANE_REQUESTS_MAX; i++) {
        (void)(i == 0 ? lane_fixture_post(&box, &asks) : lane_fixture_post_again(&box));
        (void)lane_fixture_receive(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    }
    uint64_t id = lane_fixture_post_again(&box);
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, id);
    assert_int_equal(result.status, 503);
    assert_int_equal(lane_fixture_waiting(&box, STEP_ENVELOPE), LANE_REQUESTS_MAX);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW_TEST(a_code_is_asked_for_sent_and_accepted_once),
        FLOW_TEST(anothers_code_is_refused),
        FLOW_TEST(the_same_bytes_are_answered_once),
        FLOW_TEST(a_worker_cannot_put_another_person_into_a_signed_request),
        FLOW_TEST(only_the_answer_to_the_outstanding_question_counts),
        FLOW_TEST(a_session_key_that_does_not_unwrap_is_refused_in_a_signed_answer),
        FLOW_TEST(an_unwrapping_without_the_lookup_that_was_asked_for_is_no_answer),
        FLOW_TEST(a_signer_that_cannot_is_no_yes),
        FLOW_TEST(a_code_whose_answer_cannot_be_signed_is_void),
        FLOW_TEST(the_content_key_stays_nowhere_once_it_was_sent),
        FLOW_TEST(a_path_that_is_no_function_is_not_found),
        FLOW_TEST(a_box_that_does_not_serve_refuses_at_once),
        FLOW_TEST(a_lane_takes_as_many_as_it_has_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
