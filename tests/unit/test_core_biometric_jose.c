#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_biometric.h"
#include "tests/unit/lane_jose.h"

/* Device-signed biometrics in the JOSE profile: what is a yes, and that every refusal about a
 * person is the same. */
#define TXN "transaction.1"
enum { PERSON = 1, NOBODYS = 2, UNKNOWN = 0, OTHER_FINGER = 99 };

static const struct capture_part index_finger[] = {{"Finger", "Right IndexFinger"}};
static struct lane_box box;
static struct lane_biometric presented;
static struct lane_party_answer sealed_answer;

static struct policy allowing(uint32_t types) {
    struct policy policy = lane_jose_policy;
    policy.allowed |= types;
    return policy;
}

static int make(void **state) {
    (void)state;
    const struct enrolled enrolled = {.count = 1, .parts = {lane_biometric_finger(12, 2)}};
    struct policy policy = allowing(AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER));
    core_clock_shift_ms = 0;
    lane_jose_make(&box, "auth-types-allowed = otp,demo,bio-Finger,bio-Iris\n");
    lane_jose_put_policy(&box, &policy);
    lane_biometric_enrol(&box, PERSON, &enrolled);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

/* A right index finger, captured for this box and transaction. */
static void capture(unsigned finger) {
    lane_biometric_of(&presented, PERSON, index_finger, 1);
    struct biometric_segment *segment = &presented.segments.segments[0];
    core_fixture_text(&segment->transaction_id, TXN);
    core_fixture_text(&segment->domain_uri, LANE_ISSUER);
    biometric_fixture_finger(&presented.samples.samples[0], finger, 9);
}

static struct lane_jose_post about(unsigned person) {
    core_clock_shift_ms += 1000;
    return (struct lane_jose_post){
        .function = FUNCTION_AUTH, .programme = LANE_FIRST, .transaction = TXN, .person = person};
}

/* The sealed block as it is read, with what was captured in it. */
static void play_sealed(void) {
    static struct jose_sealed sealed;
    static uint8_t block_memory[FRAME_PAYLOAD_MAX], memory[FRAME_PAYLOAD_MAX];
    struct buffer block = buffer_over(block_memory, sizeof block_memory);
    struct buffer payload = buffer_over(memory, sizeof memory);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    lane_jose_play(&box, PARTY_SIGNER, HSM_DERIVE);
    lane_jose_hold(&box, PARTY_UNSEAL, JOSE_SEALED, &sealed_answer);
    assert_int_equal(jose_wire_get_sealed(sealed_answer.frame.payload, &sealed), ERR_OK);
    sealed.payload.has_biometrics = true;
    sealed.payload.biometrics_text = bytes_of_text("[{\"data\":\"...\"}]");
    sample_wire_put_segments(&block, &presented.segments);
    assert_int_equal(buffer_end(&block, &sealed.payload.biometric_segments), ERR_OK);
    jose_wire_put_sealed(&payload, &sealed);
    assert_int_equal(buffer_end(&payload, &sealed_answer.frame.payload), ERR_OK);
    lane_fixture_send(&box, PARTY_UNSEAL, &sealed_answer.frame);
}

/* Up to the decision, and its answer. */
static struct lane_jose_answer try(unsigned person, bool is_yes) {
    struct lane_jose_post post = about(person);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    if (is_yes)
        lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    return lane_jose_answer(&box);
}

static void the_persons_finger_is_a_yes_by_fingerprint(void **state) {
    (void)state;
    capture(12);
    assert_int_equal(try(PERSON, true).status, 200);
    assert_int_equal(lane_jose_result()->amr, RESULT_AMR_FPT);
}

/* Sealed anew, about another person: not even looked for. */
static void what_was_captured_serves_one_request(void **state) {
    (void)state;
    capture(12);
    assert_int_equal(try(PERSON, true).status, 200);
    struct lane_jose_post post = about(NOBODYS);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    assert_string_equal(lane_jose_answer(&box).problem, "replayed");
}

static void refusals_about_a_person_are_all_the_same(void **state) {
    (void)state;
    static const struct {
        unsigned person, finger;
    } rows[] = {{PERSON, OTHER_FINGER}, {NOBODYS, 12}, {UNKNOWN, 12}};
    struct lane_jose_answer first = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        capture(rows[i].finger);
        struct lane_jose_answer answer = try(rows[i].person, false);
        assert_string_equal(answer.problem, "not-authenticated");
        if (i == 0)
            first = answer;
        assert_string_equal(answer.body, first.body);
        assert_int_equal(answer.retry_after_seconds, first.retry_after_seconds);
    }
}

/* They have their time too: what is ready waits for it. */
static void a_refusal_waits_for_its_time(void **state) {
    (void)state;
    capture(OTHER_FINGER);
    struct lane_jose_post post = about(PERSON);
    int64_t before_ns = clock_boot_ns();
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    assert_string_equal(lane_jose_answer(&box).problem, "not-authenticated");
    assert_true(clock_boot_ns() - before_ns >= LANE_REFUSAL_MS * 1000000LL);
}

static void what_is_malformed_is_told_at_once(void **state) {
    (void)state;
    struct biometric_segment *segment = &presented.segments.segments[0];
    capture(12);
    core_fixture_text(&segment->transaction_id, "transaction.2");
    struct lane_jose_post post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    assert_string_equal(lane_jose_answer(&box).problem, "malformed");
    capture(12);
    core_fixture_text(&segment->domain_uri, "https://another.example");
    post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    assert_string_equal(lane_jose_answer(&box).problem, "malformed");
    capture(12);
    segment->session_key.presence = FIELD_ABSENT;
    segment->session_key.data = bytes_of(NULL, 0);
    post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    assert_string_equal(lane_jose_answer(&box).problem, "malformed");
}

static void what_is_signed_by_no_device_of_ours_is_not_recognised(void **state) {
    (void)state;
    capture(12);
    presented.samples.samples[0] = (struct sample){
        .capture = BIOMETRIC_CAPTURE_FINGER, .position = 2, .reason = BIOMETRIC_UNRECOGNISED};
    struct lane_jose_post post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    assert_string_equal(lane_jose_answer(&box).problem, "not-recognised");
}

static void a_key_that_is_not_of_this_box_is_not_for_us(void **state) {
    (void)state;
    capture(12);
    struct lane_jose_post post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_NOT_FOUND);
    assert_string_equal(lane_jose_answer(&box).problem, "not-sealed-for-us");
}

static void a_policy_that_does_not_allow_it_says_so(void **state) {
    (void)state;
    struct policy policy = allowing(0);
    lane_jose_put_policy(&box, &policy);
    capture(12);
    struct lane_jose_post post = about(PERSON);
    (void)lane_jose_post(&box, &post);
    play_sealed();
    assert_string_equal(lane_jose_answer(&box).problem, "not-permitted");
}

static void a_retry_has_the_first_answer_and_no_second_comparison(void **state) {
    (void)state;
    capture(12);
    struct lane_jose_post post = about(PERSON);
    post.key = "0123456789abcdef";
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    assert_int_equal(lane_jose_answer(&box).status, 200);
    (void)lane_jose_post_again(&box);
    play_sealed();
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP); /* no key, no sample */
    lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    assert_int_equal(lane_jose_answer(&box).status, 200);
    assert_int_equal(lane_jose_result()->amr, RESULT_AMR_FPT);
}

/* Nothing was decided: another try is free. */
static void a_plug_in_that_dies_leaves_nothing_decided(void **state) {
    (void)state;
    static struct plugin_compare question;
    struct enrolled enrolled = {
        .count = 1,
        .parts = {{.modality = BIOMETRIC_FINGER, .position = 2, .kind = ENROLLED_PLUGIN}}};
    strcpy(enrolled.parts[0].plugin, "acme-3.1");
    enrolled.parts[0].data = bytes_of_text("template");
    lane_biometric_enrol(&box, PERSON, &enrolled);
    lane_biometric_plugin_hello(&box, "acme-3.1");
    capture(12);
    struct sample *sample = &presented.samples.samples[0];
    *sample = (struct sample){.data_trusted = true,
                              .digital_id_trusted = true,
                              .opened = true,
                              .chained = true,
                              .capture = BIOMETRIC_CAPTURE_FINGER,
                              .position = 2,
                              .format = BIOMETRIC_ISO_19794_4_2011,
                              .reason = BIOMETRIC_NO_EXTRACTOR,
                              .kind = SAMPLE_IMAGE,
                              .data = bytes_of_text("an image")};
    struct lane_jose_post post = about(PERSON);
    post.key = "0123456789abcdef";
    (void)lane_jose_post(&box, &post);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    (void)lane_biometric_compare(&box, &question);
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    assert_string_equal(lane_jose_answer(&box).problem, "unavailable");
    lane_biometric_plugin_hello(&box, "acme-3.1");
    (void)lane_jose_post_again(&box);
    play_sealed();
    lane_biometric_key(&box, 0, ERR_OK);
    lane_biometric_samples(&box, &presented);
    lane_jose_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    struct frame frame = lane_biometric_compare(&box, &question);
    const struct plugin_compared compared = {
        .status = ERR_OK, .presented_count = 1, .enrolled_count = 1, .scores = {{9000}}};
    lane_biometric_compared(&box, &frame, &compared);
    lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
    assert_int_equal(lane_jose_answer(&box).status, 200);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, make, unmake)
int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(the_persons_finger_is_a_yes_by_fingerprint),
        FLOW(what_was_captured_serves_one_request),
        FLOW(refusals_about_a_person_are_all_the_same),
        FLOW(a_refusal_waits_for_its_time),
        FLOW(what_is_malformed_is_told_at_once),
        FLOW(what_is_signed_by_no_device_of_ours_is_not_recognised),
        FLOW(a_key_that_is_not_of_this_box_is_not_for_us),
        FLOW(a_policy_that_does_not_allow_it_says_so),
        FLOW(a_retry_has_the_first_answer_and_no_second_comparison),
        FLOW(a_plug_in_that_dies_leaves_nothing_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
