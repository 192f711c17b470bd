#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_jose.h"

/* What a hostile programme, and captured workers, could gain in the JOSE profile. */
#define TXN "transaction.1"

static const struct lane_jose_post asks = {
    .function = FUNCTION_OTP, .programme = LANE_FIRST, .transaction = TXN, .person = 1};
static const struct lane_jose_post guesses = {.function = FUNCTION_AUTH,
                                              .programme = LANE_FIRST,
                                              .transaction = TXN,
                                              .code = "123456",
                                              .person = 1};
static struct lane_box box;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_jose_make(&box, "failures-an-hour = 3\n");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static struct lane_jose_answer refused_when_opened(const struct lane_jose_post *post) {
    (void)lane_jose_post(&box, post);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_SEALED);
    return lane_jose_answer(&box);
}

/* ${spent} failures of the three have been counted. */
static void expect_spent(unsigned spent) {
    struct lane_jose_post unknown = guesses;
    unknown.person = 0;
    for (unsigned i = spent; i < 3; i++)
        assert_string_equal(lane_jose_try(&box, &unknown, false).problem, "not-authenticated");
    (void)lane_jose_post(&box, &unknown);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    assert_string_equal(lane_jose_answer(&box).problem, "too-many");
}

static struct lane_jose_post right_guess(void) {
    static struct lane_jose_code code;
    struct lane_jose_post presents = guesses;
    code = lane_jose_ask(&box, &asks);
    presents.code = code.code;
    return presents;
}

/* Each leaves rows in the ledger: without a count they would be free. */
static void a_refusal_before_the_person_costs_a_failure_too(void **state) {
    (void)state;
    struct lane_jose_post other = guesses;
    other.bound = "2000000000";
    assert_string_equal(refused_when_opened(&other).problem, "not-sealed-for-us");
    expect_spent(1);
}

/* What is left of the budget would else tell that the code was right. */
static void a_right_code_with_a_wrong_declaration_costs_what_a_wrong_code_costs(void **state) {
    (void)state;
    struct lane_jose_post unknown = guesses, both = right_guess();
    unknown.person = 0;
    assert_string_equal(lane_jose_try(&box, &unknown, false).problem, "not-authenticated");
    both.sealed = ",\"demographics\":{\"phoneNumber\":\"+212600000002\"}";
    assert_string_equal(lane_jose_try(&box, &both, false).problem, "not-authenticated");
    expect_spent(2);
}

static void a_right_code_that_comes_late_costs_what_a_wrong_code_costs(void **state) {
    (void)state;
    struct lane_jose_post late = right_guess();
    core_clock_shift_ms += 181 * 1000;
    assert_string_equal(lane_jose_try(&box, &late, false).problem, "not-authenticated");
    expect_spent(1);
}

static void a_success_pays_for_a_failure(void **state) {
    (void)state;
    struct lane_jose_post unknown = guesses, right = right_guess();
    unknown.person = 0;
    assert_string_equal(lane_jose_try(&box, &unknown, false).problem, "not-authenticated");
    assert_int_equal(lane_jose_try(&box, &right, true).status, 200);
    expect_spent(0);
}

/* Slots that requests over the connections of ${programme} sit in, until they are freed. */
static void occupy(uint8_t programme, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct request *request = &box.lane->requests[box.lane->free_slots[--box.lane->free_count]];
        request->step = STEP_DUE;
        request->edge.client_thumbprint[0] = programme;
    }
}

static void a_programme_has_no_more_than_half_of_a_lane(void **state) {
    (void)state;
    struct lane_jose_post second = guesses;
    second.programme = LANE_SECOND;
    occupy(1, LANE_REQUESTS_MAX / 2 - 1);
    assert_string_equal(lane_jose_try(&box, &guesses, false).problem, "not-authenticated");
    occupy(1, 1);
    (void)lane_jose_post(&box, &guesses);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.problem, "unavailable");
    assert_int_equal(answer.retry_after_seconds, 1);
    assert_string_equal(lane_jose_try(&box, &second, false).problem, "not-authenticated");
}

/* Captured unseal says something else of the body than is in it. */
static void expect_contradiction(const struct lane_jose_post *post,
                                 void (*lie)(struct jose_request *request)) {
    static struct lane_party_answer held;
    static struct jose_request read;
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer payload = buffer_over(memory, sizeof memory);
    (void)lane_jose_post(&box, post);
    lane_jose_hold(&box, PARTY_UNSEAL, JOSE_REQUEST, &held);
    assert_int_equal(jose_wire_get_request(held.frame.payload, &read), ERR_OK);
    lie(&read);
    jose_wire_put_request(&payload, &read);
    assert_int_equal(buffer_end(&payload, &held.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &held.frame);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_true(answer.status == 400 || answer.status == 401);
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
}

static void add_attribute(struct jose_request *request) {
    snprintf(request->attributes[request->attribute_count++], JOSE_ATTRIBUTE_SIZE, "photo");
}

static void change_place(struct jose_request *request) {
    snprintf(request->lives_in_value, sizeof request->lives_in_value, "Agadir");
}

static void change_part(struct jose_request *request) {
    snprintf(request->lives_in_part, sizeof request->lives_in_part, "city");
}

static void change_channel(struct jose_request *request) {
    request->channel_phone = false;
    request->channel_email = true;
}

static void drop_signature(struct jose_request *request) {
    request->is_signed = false;
}

static void shorten_signed(struct jose_request *request) {
    request->signed_len--;
}

static void change_signature(struct jose_request *request) {
    request->signature[0] ^= 1;
}

static void change_issuer(struct jose_request *request) {
    snprintf(request->issuer, sizeof request->issuer, LANE_SECOND);
}

static void change_api_key(struct jose_request *request) {
    snprintf(request->api_key, sizeof request->api_key, "other");
}

static void change_iv(struct jose_request *request) {
    request->sealed.iv[0] ^= 1;
}

static void captured_unseal_cannot_change_what_was_signed(void **state) {
    (void)state;
    struct lane_jose_post attributes = guesses;
    attributes.function = FUNCTION_KYC;
    attributes.claims = ",\"attributes\":[\"name\"],\"lives_in\":{\"province\":\"Taroudant\"}";
    const struct {
        const struct lane_jose_post *post;
        void (*lie)(struct jose_request *request);
    } lies[] = {{&attributes, add_attribute}, {&attributes, change_place},
                {&attributes, change_part},   {&asks, change_channel},
                {&guesses, drop_signature},   {&guesses, shorten_signed},
                {&guesses, change_signature}, {&guesses, change_issuer},
                {&guesses, change_api_key},   {&guesses, change_iv}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        expect_contradiction(lies[i].post, lies[i].lie);
}

static struct lane_jose_answer opened_as(void (*lie)(struct jose_sealed *sealed)) {
    static struct lane_party_answer held;
    static struct jose_sealed read;
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer payload = buffer_over(memory, sizeof memory);
    (void)lane_jose_post(&box, &guesses);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_hold(&box, PARTY_UNSEAL, JOSE_SEALED, &held);
    assert_int_equal(jose_wire_get_sealed(held.frame.payload, &read), ERR_OK);
    lie(&read);
    jose_wire_put_sealed(&payload, &read);
    assert_int_equal(buffer_end(&payload, &held.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &held.frame);
    return lane_jose_answer(&box);
}

static void name_another_person(struct jose_sealed *sealed) {
    lane_fixture_identifier(2, sealed->individual_id);
}

static void name_another_nonce(struct jose_sealed *sealed) {
    sealed->nonce[0] = (char)(sealed->nonce[0] == 'a' ? 'b' : 'a');
}

static void name_another_type(struct jose_sealed *sealed) {
    snprintf(sealed->individual_id_type, sizeof sealed->individual_id_type, "VID");
}

static void captured_unseal_cannot_choose_the_person_or_serve_a_block_twice(void **state) {
    (void)state;
    void (*const lies[])(struct jose_sealed *) = {name_another_person, name_another_nonce,
                                                  name_another_type};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        assert_string_equal(opened_as(lies[i]).problem, "not-sealed-for-us");
}

/* The answer to a question that was not asked yet. */
static void an_answer_out_of_turn_decides_nothing(void **state) {
    (void)state;
    static struct lane_party_answer request, sealed;
    struct lane_jose_post presents = right_guess();
    (void)lane_jose_post(&box, &presents);
    lane_jose_hold(&box, PARTY_UNSEAL, JOSE_REQUEST, &request);
    sealed = request;
    sealed.frame.type = JOSE_SEALED + 1;
    lane_fixture_send(&box, PARTY_UNSEAL, &sealed.frame);
    lane_fixture_turn(&box);
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    assert_int_equal(lane_fixture_waiting(&box, STEP_JOSE_REQUEST), 1);
    lane_fixture_send(&box, PARTY_UNSEAL, &request.frame);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
}

#define HOSTILE_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        HOSTILE_TEST(a_refusal_before_the_person_costs_a_failure_too),
        HOSTILE_TEST(a_right_code_with_a_wrong_declaration_costs_what_a_wrong_code_costs),
        HOSTILE_TEST(a_right_code_that_comes_late_costs_what_a_wrong_code_costs),
        HOSTILE_TEST(a_success_pays_for_a_failure),
        HOSTILE_TEST(a_programme_has_no_more_than_half_of_a_lane),
        HOSTILE_TEST(captured_unseal_cannot_change_what_was_signed),
        HOSTILE_TEST(captured_unseal_cannot_choose_the_person_or_serve_a_block_twice),
        HOSTILE_TEST(an_answer_out_of_turn_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
