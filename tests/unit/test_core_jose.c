#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/notify_wire.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/lane_jose.h"

/* The way of a request of the JOSE profile through a lane: who may ask, what is a yes, and that a
 * refusal about a person is the same whatever its reason. */
#define TXN   "transaction.1"
#define OTHER "transaction.2"

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
    lane_jose_make(&box, "failures-an-hour = 6\n");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static void expect_idle(void) {
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_FREE) + lane_fixture_waiting(&box, STEP_DUE),
                     LANE_REQUESTS_MAX);
}

static struct lane_jose_post with_code(const struct lane_jose_code *code) {
    struct lane_jose_post post = guesses;
    post.code = code->code;
    return post;
}

static void wrong(struct lane_jose_code *code) {
    code->code[5] = (char)('0' + (code->code[5] - '0' + 1) % 10);
}

/* Of a request that goes no further than its first reading. */
static struct lane_jose_answer refused_at_once(const struct lane_jose_post *post) {
    (void)lane_jose_post(&box, post);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    return lane_jose_answer(&box);
}

static struct lane_jose_answer refused_when_opened(const struct lane_jose_post *post) {
    (void)lane_jose_post(&box, post);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_SEALED);
    return lane_jose_answer(&box);
}

static void a_code_is_asked_for_sent_and_accepted_once(void **state) {
    (void)state;
    struct lane_jose_code code = lane_jose_ask(&box, &asks);
    assert_int_equal(code.answer.status, 202);
    assert_string_equal(code.answer.body, "{\"txn\":\"" TXN "\",\"expires_in\":180}");
    struct lane_jose_post presents = with_code(&code);
    struct lane_jose_answer answer = lane_jose_try(&box, &presents, true);
    const struct result *result = lane_jose_result();
    assert_int_equal(answer.status, 200);
    assert_int_equal(result->kind, RESULT_AUTHENTICATION);
    assert_int_equal(result->amr, RESULT_AMR_OTP);
    assert_int_equal(result->lifetime_seconds, 300);
    assert_string_equal(result->audience, LANE_FIRST);
    assert_string_equal(result->transaction, TXN);
    assert_int_equal(strlen(result->subject), 36);
    assert_string_equal(lane_jose_try(&box, &presents, false).problem, "not-authenticated");
    expect_idle();
}

static void what_is_declared_has_its_own_method(void **state) {
    (void)state;
    struct lane_jose_post declares = guesses;
    declares.code = NULL;
    declares.sealed = ",\"demographics\":{\"phoneNumber\":\"+212600000001\"}";
    assert_int_equal(lane_jose_try(&box, &declares, true).status, 200);
    assert_int_equal(lane_jose_result()->amr, RESULT_AMR_KBA);
    declares.sealed = ",\"demographics\":{\"phoneNumber\":\"+212600000002\"}";
    assert_string_equal(lane_jose_try(&box, &declares, false).problem, "not-authenticated");
}

static void a_code_of_another_transaction_is_none(void **state) {
    (void)state;
    struct lane_jose_post asks_other = asks;
    asks_other.transaction = OTHER;
    (void)lane_jose_ask(&box, &asks);
    struct lane_jose_code code = lane_jose_ask(&box, &asks_other);
    struct lane_jose_post presents = with_code(&code);
    assert_string_equal(lane_jose_try(&box, &presents, false).problem, "not-authenticated");
    presents.transaction = OTHER;
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
}

static void every_refusal_about_a_person_has_the_same_bytes_and_its_time(void **state) {
    (void)state;
    struct lane_jose_code code = lane_jose_ask(&box, &asks);
    wrong(&code);
    struct lane_jose_post posts[] = {with_code(&code), guesses, guesses, guesses, guesses};
    posts[1].person = 0;  /* nobody */
    posts[2].person = 2;  /* without a code */
    posts[3].code = NULL; /* nothing of the kind on file */
    posts[3].sealed = ",\"demographics\":{\"gender\":[{\"language\":\"fra\",\"value\":\"x\"}]}";
    posts[4].number = "2000000011"; /* its check digit is another */
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        int64_t begun_ns = clock_boot_ns();
        struct lane_jose_answer answer = lane_jose_try(&box, &posts[i], false);
        assert_true(clock_boot_ns() - begun_ns >= LANE_REFUSAL_MS * INT64_C(1000000));
        assert_int_equal(answer.status, 403);
        assert_string_equal(answer.body,
                            "{\"type\":\"urn:idcs:problem:not-authenticated\",\"title\":\"The "
                            "person is not authenticated\",\"status\":403}");
    }
}

static void asking_for_a_code_tells_nothing(void **state) {
    (void)state;
    struct lane_jose_post nobody = asks;
    nobody.person = 0;
    struct lane_jose_code code = lane_jose_ask(&box, &asks);
    int64_t begun_ns = clock_boot_ns();
    struct lane_jose_answer answer = lane_jose_try(&box, &nobody, false);
    assert_true(clock_boot_ns() - begun_ns >= LANE_REFUSAL_MS * INT64_C(1000000));
    assert_int_equal(answer.status, 202);
    assert_string_equal(answer.body, code.answer.body);
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

static void a_code_goes_out_after_the_answer_has(void **state) {
    (void)state;
    (void)lane_jose_post(&box, &asks);
    lane_jose_play_lookup(&box);
    while (lane_fixture_waiting(&box, STEP_DUE) == 0)
        assert_int_equal(serve_turn(box.lane->serve, 1), ERR_OK);
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
    assert_int_equal(lane_jose_answer(&box).status, 202);
    (void)lane_fixture_receive(&box, PARTY_NOTIFIER, NOTIFY_OTP);
}

static void who_cannot_be_reached_gets_no_code_and_the_same_answer(void **state) {
    (void)state;
    lane_fixture_peer_down(&box, PARTY_NOTIFIER);
    assert_int_equal(lane_jose_try(&box, &asks, false).status, 202);
    assert_true(lane_fixture_is_silent(&box, PARTY_NOTIFIER));
}

static void what_does_not_fit_together_is_not_recognised(void **state) {
    (void)state;
    struct lane_jose_post elsewhere = guesses, forged = guesses, bare = guesses, nobody = guesses,
                          for_another = guesses;
    elsewhere.is_elsewhere = true;
    forged.is_forged = true;
    bare.is_bare = true;
    nobody.programme = "nobody";
    for_another.audience = "https://elsewhere.example";
    const struct lane_jose_post posts[] = {elsewhere, forged, bare, nobody, for_another};
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        struct lane_jose_answer answer = refused_at_once(&posts[i]);
        assert_int_equal(answer.status, 401);
        assert_string_equal(answer.problem, "not-recognised");
    }
}

static void keys_that_have_ended_are_not_recognised(void **state) {
    (void)state;
    lane_jose_end_keys(&box, 1000, 0);
    assert_string_equal(refused_at_once(&guesses).problem, "not-recognised");
    lane_jose_end_keys(&box, 0, 1000);
    assert_string_equal(refused_at_once(&guesses).problem, "not-recognised");
    lane_jose_end_keys(&box, 0, 0);
    assert_string_equal(lane_jose_try(&box, &guesses, false).problem, "not-authenticated");
}

static void bare_claims_pass_where_the_policy_waives_the_signature(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    struct lane_jose_post bare = guesses;
    bare.is_bare = true;
    policy.unsigned_requests = true;
    lane_jose_put_policy(&box, &policy);
    assert_string_equal(lane_jose_try(&box, &bare, false).problem, "not-authenticated");
    bare.is_elsewhere = true;
    assert_string_equal(refused_at_once(&bare).problem, "not-recognised");
}

static void
a_suspended_policy_is_not_recognised_and_a_forbidden_factor_not_permitted(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    policy.allowed = AUTH_TYPE_BIT(AUTH_TYPE_DEMO);
    lane_jose_put_policy(&box, &policy);
    assert_string_equal(refused_at_once(&asks).problem, "not-permitted");
    assert_string_equal(refused_when_opened(&guesses).problem, "not-permitted");
    policy.status = STATUS_SUSPENDED;
    lane_jose_put_policy(&box, &policy);
    assert_string_equal(refused_at_once(&guesses).problem, "not-recognised");
}

static void old_claims_are_out_of_time(void **state) {
    (void)state;
    struct lane_jose_post old = guesses;
    old.age_s = 100;
    assert_string_equal(refused_at_once(&old).problem, "out-of-time");
    old.age_s = -100;
    assert_string_equal(refused_at_once(&old).problem, "out-of-time");
}

static void a_block_about_another_person_than_the_claims_is_not_for_us(void **state) {
    (void)state;
    struct lane_jose_post other = guesses;
    char identifier[IDENTIFIER_UIN_DIGITS + 1];
    lane_fixture_identifier(2, identifier);
    other.bound = identifier;
    assert_string_equal(refused_when_opened(&other).problem, "not-sealed-for-us");
}

static void a_block_that_says_something_else_than_the_claims_is_not_for_us(void **state) {
    (void)state;
    struct lane_jose_post audience = guesses, issuer = guesses, transaction = guesses;
    audience.block.audience = "https://elsewhere.example";
    issuer.block.issuer = LANE_SECOND;
    transaction.block.transaction = OTHER;
    const struct lane_jose_post posts[] = {audience, issuer, transaction};
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        assert_string_equal(refused_when_opened(&posts[i]).problem, "not-sealed-for-us");
}

static void an_old_block_in_new_claims_is_out_of_time(void **state) {
    (void)state;
    struct lane_jose_post old = guesses;
    old.block.age_s = 100;
    assert_string_equal(refused_when_opened(&old).problem, "out-of-time");
}

static void a_code_that_none_can_be_is_malformed(void **state) {
    (void)state;
    struct lane_jose_post code = guesses, nothing = guesses;
    code.sealed = ",\"otp\":\"12345\"";
    nothing.code = code.code = NULL;
    assert_string_equal(refused_when_opened(&code).problem, "malformed");
    assert_string_equal(refused_when_opened(&nothing).problem, "malformed");
}

static void a_body_and_a_block_serve_once(void **state) {
    (void)state;
    struct lane_jose_post post = guesses;
    post.nonce = "0123456789abcdefghijkl";
    assert_string_equal(lane_jose_try(&box, &post, false).problem, "not-authenticated");
    (void)lane_jose_post_again(&box);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    assert_string_equal(lane_jose_answer(&box).problem, "replayed");
    core_clock_shift_ms += 1000; /* other claims */
    struct lane_jose_answer answer = refused_when_opened(&post);
    assert_int_equal(answer.status, 409);
    assert_string_equal(answer.problem, "replayed");
}

/* Whether found or not, each refusal costs one failure: what is left tells nothing. */
static void the_failure_budget_counts_all_refusals_about_people_alike(void **state) {
    (void)state;
    struct lane_jose_post unknown = guesses;
    unknown.person = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(lane_jose_try(&box, &unknown, false).problem, "not-authenticated");
        assert_string_equal(lane_jose_try(&box, &guesses, false).problem, "not-authenticated");
    }
    const struct lane_jose_post both[] = {unknown, guesses};
    for (size_t i = 0; i < 2; i++) {
        struct lane_jose_answer answer = refused_at_once(&both[i]);
        assert_int_equal(answer.status, 429);
        assert_string_equal(answer.problem, "too-many");
        assert_in_range(answer.retry_after_seconds, 3500, 3600);
    }
    core_clock_shift_ms += 3600 * 1000; /* when it says, it is not any more */
    assert_string_equal(lane_jose_try(&box, &guesses, false).problem, "not-authenticated");
}

static void codes_for_nobody_count_as_codes_and_not_as_failures(void **state) {
    (void)state;
    struct lane_jose_post nobody = asks;
    nobody.person = 0;
    box.core->settings.codes_an_hour = 8;
    for (unsigned i = 0; i < 7; i++) /* more than the failures that are allowed */
        assert_int_equal(lane_jose_try(&box, &nobody, false).status, 202);
    (void)lane_jose_ask(&box, &asks);
    const struct lane_jose_post both[] = {nobody, asks};
    for (size_t i = 0; i < 2; i++) {
        struct lane_jose_answer answer = refused_at_once(&both[i]);
        assert_string_equal(answer.problem, "too-many");
        assert_in_range(answer.retry_after_seconds, 3500, 3600);
    }
    assert_string_equal(lane_jose_try(&box, &guesses, false).problem, "not-authenticated");
}

static void without_an_issuer_there_is_no_such_profile(void **state) {
    (void)state;
    box.core->settings.issuer[0] = '\0';
    (void)lane_jose_post(&box, &asks);
    assert_int_equal(lane_jose_answer(&box).status, 404);
}

/* A captured worker says what it likes; what it says must stand in the signed bytes. */
static void expect_contradiction(void (*lie)(struct jose_request *request)) {
    static struct lane_party_answer held;
    static struct jose_request read;
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct lane_jose_post post = guesses;
    post.claims = ",\"attributes\":[\"name\"]"; /* of another call */
    (void)lane_jose_post(&box, &post);
    lane_jose_hold(&box, PARTY_UNSEAL, JOSE_REQUEST, &held);
    assert_int_equal(jose_wire_get_request(held.frame.payload, &read), ERR_OK);
    lie(&read);
    jose_wire_put_request(&payload, &read);
    assert_int_equal(buffer_end(&payload, &held.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &held.frame);
    struct lane_jose_answer answer = lane_jose_answer(&box);
    assert_string_equal(answer.problem, "malformed");
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
}

static void lie_about_time(struct jose_request *request) {
    request->issued_ms += 1000;
}

static void lie_about_transaction(struct jose_request *request) {
    snprintf(request->transaction, sizeof request->transaction, OTHER);
}

static void lie_about_binding(struct jose_request *request) {
    request->binding[0] ^= 1;
}

static void lie_about_ephemeral_key(struct jose_request *request) {
    request->sealed.x[0] ^= 1;
}

static void lie_about_party(struct jose_request *request) {
    request->sealed.party_u = bytes_of_text("Mallory");
}

static void lie_about_ciphertext(struct jose_request *request) {
    request->sealed.ciphertext = bytes_of_text("something else");
}

static void lie_about_tag(struct jose_request *request) {
    request->sealed.tag[0] ^= 1;
}

static void lie_about_key(struct jose_request *request) {
    request->sealed.kid[0] ^= 1;
}

static void lie_about_call(struct jose_request *request) {
    request->function = FUNCTION_KYC;
    request->attribute_count = 1;
    snprintf(request->attributes[0], sizeof request->attributes[0], "name");
}

static void what_unseal_says_must_stand_in_the_body(void **state) {
    (void)state;
    void (*const lies[])(struct jose_request * request) = {
        lie_about_time,          lie_about_transaction, lie_about_binding,
        lie_about_ephemeral_key, lie_about_party,       lie_about_ciphertext,
        lie_about_tag,           lie_about_key,         lie_about_call};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        core_clock_shift_ms += 1000;
        expect_contradiction(lies[i]);
    }
}

#define JOSE_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        JOSE_TEST(a_code_is_asked_for_sent_and_accepted_once),
        JOSE_TEST(what_is_declared_has_its_own_method),
        JOSE_TEST(a_code_of_another_transaction_is_none),
        JOSE_TEST(every_refusal_about_a_person_has_the_same_bytes_and_its_time),
        JOSE_TEST(asking_for_a_code_tells_nothing),
        JOSE_TEST(a_code_goes_out_after_the_answer_has),
        JOSE_TEST(who_cannot_be_reached_gets_no_code_and_the_same_answer),
        JOSE_TEST(what_does_not_fit_together_is_not_recognised),
        JOSE_TEST(keys_that_have_ended_are_not_recognised),
        JOSE_TEST(bare_claims_pass_where_the_policy_waives_the_signature),
        JOSE_TEST(a_suspended_policy_is_not_recognised_and_a_forbidden_factor_not_permitted),
        JOSE_TEST(old_claims_are_out_of_time),
        JOSE_TEST(a_block_about_another_person_than_the_claims_is_not_for_us),
        JOSE_TEST(a_block_that_says_something_else_than_the_claims_is_not_for_us),
        JOSE_TEST(an_old_block_in_new_claims_is_out_of_time),
        JOSE_TEST(a_code_that_none_can_be_is_malformed),
        JOSE_TEST(a_body_and_a_block_serve_once),
        JOSE_TEST(the_failure_budget_counts_all_refusals_about_people_alike),
        JOSE_TEST(codes_for_nobody_count_as_codes_and_not_as_failures),
        JOSE_TEST(without_an_issuer_there_is_no_such_profile),
        JOSE_TEST(what_unseal_says_must_stand_in_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
