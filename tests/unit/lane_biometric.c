#include "tests/unit/lane_biometric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/finger_sample.h"

/* Whatever the segments are, their text is core's only to hand on. */
#define MEMBER_TEXT "[{\"data\":\"...\"}]"

static uint8_t memory[FRAME_PAYLOAD_MAX], block_memory[FRAME_PAYLOAD_MAX];

const struct policy lane_biometric_policy = {
    .id = "policy",
    .status = STATUS_ACTIVE,
    .allowed = AUTH_TYPE_BIT(AUTH_TYPE_OTP) | AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST) |
               AUTH_TYPE_BIT(AUTH_TYPE_DEMO) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) |
               AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS) |
               AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE),
    .token_type = AUTH_TOKEN_RANDOM};

void lane_biometric_put_policy(struct lane_box *box, const struct policy *policy) {
    struct registry_batch batch = registry_begin(box->core->registry);
    uint64_t sequence;
    registry_put_policy(&batch, policy);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

void lane_biometric_make(struct lane_box *box, const char *settings) {
    char text[1024];
    snprintf(text, sizeof text,
             "auth-types-allowed = otp,demo,bio-Finger,bio-FMR,bio-Iris,bio-Face\n%s", settings);
    lane_fixture_make(box, text);
    lane_biometric_put_policy(box, &lane_biometric_policy);
}

struct enrolled_part lane_biometric_finger(unsigned finger, uint8_t position) {
    struct enrolled_part part = {
        .modality = BIOMETRIC_FINGER, .position = position, .kind = ENROLLED_MINUTIAE};
    finger_sample_good(finger, 0, &part.minutiae);
    part.minutiae.position = position;
    return part;
}

void lane_biometric_enrol(struct lane_box *box, unsigned person, const struct enrolled *enrolled) {
    static uint8_t plain_memory[ENROLLED_PLAIN_MAX];
    uint8_t lookup_key[HSM_LOOKUP_KEY_BYTES] = {(uint8_t)person};
    struct buffer plain = buffer_over(plain_memory, sizeof plain_memory);
    struct registry_batch batch = registry_begin(box->core->registry);
    struct bytes view;
    uint64_t sequence;
    assert_int_equal(enrolled_encode(enrolled, &plain), ERR_OK);
    assert_int_equal(buffer_end(&plain, &view), ERR_OK);
    registry_put_biometrics(&batch, lookup_key, view);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

void lane_biometric_of(struct lane_biometric *request, unsigned person,
                       const struct capture_part *parts, size_t count) {
    request->programme = LANE_FIRST;
    request->person = person;
    biometric_fixture_segments(&request->segments, parts, count, clock_wall_ms(),
                               LANE_BIOMETRIC_TXN);
    biometric_fixture_samples(&request->segments, &request->samples);
}

static void answer(struct lane_box *box, enum lane_party party, const struct frame *question,
                   const struct buffer *payload) {
    struct frame frame = {
        .type = question->type + 1, .id = question->id, .generation = question->generation};
    assert_int_equal(buffer_end(payload, &frame.payload), ERR_OK);
    lane_fixture_send(box, party, &frame);
}

uint64_t lane_biometric_post(struct lane_box *box, const struct lane_biometric *request) {
    static struct payload read;
    char now[CLOCK_TEXT_SIZE];
    struct buffer block = buffer_over(block_memory, sizeof block_memory);
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct lane_post post = {request->programme, LANE_BIOMETRIC_TXN, "", request->person};
    uint64_t id = lane_fixture_post(box, &post);
    lane_party_play(box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(box, PARTY_SIGNER, HSM_UNWRAP);
    struct frame question = lane_fixture_receive(box, PARTY_UNSEAL, UNSEAL_PAYLOAD);
    read = (struct payload){.hmac_opened = true,
                            .request_opened = true,
                            .hash_matches = true,
                            .is_json = true,
                            .timestamp_valid = true,
                            .timestamp_ms = clock_wall_ms(),
                            .has_biometrics = true,
                            .biometrics_text = bytes_of_text(MEMBER_TEXT)};
    clock_format_millis(read.timestamp_ms, now);
    core_fixture_text(&read.timestamp, now);
    sample_wire_put_segments(&block, &request->segments);
    assert_int_equal(buffer_end(&block, &read.biometric_segments), ERR_OK);
    unseal_wire_put_payload(&payload, &read);
    answer(box, PARTY_UNSEAL, &question, &payload);
    return id;
}

void lane_biometric_key(struct lane_box *box, size_t index, enum err status) {
    struct hsm_unwrap asked;
    struct hsm_unwrapped unwrapped = {.receipt.status = status};
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct frame question = lane_fixture_receive(box, PARTY_SIGNER, HSM_UNWRAP);
    assert_int_equal(hsm_wire_get_unwrap(question.payload, &asked), ERR_OK);
    assert_int_equal(asked.purpose, HSM_PURPOSE_IDA_FIR);
    assert_true(asked.has_thumbprint);
    assert_false(asked.has_id_hash);
    memset(unwrapped.content_key, (int)index + 1, sizeof unwrapped.content_key);
    hsm_wire_put_unwrapped(&payload, &unwrapped);
    answer(box, PARTY_SIGNER, &question, &payload);
}

void lane_biometric_samples(struct lane_box *box, const struct lane_biometric *request) {
    static struct samples_question asked;
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct frame question = lane_fixture_receive(box, PARTY_UNSEAL, UNSEAL_SAMPLES);
    assert_int_equal(sample_wire_get_question(question.payload, &asked), ERR_OK);
    assert_true(bytes_equal_text(asked.text, MEMBER_TEXT));
    assert_int_equal(asked.key_count, request->segments.count);
    for (size_t i = 0; i < asked.key_count; i++)
        assert_int_equal(asked.keys[i][31], i + 1);
    sample_wire_put_samples(&payload, &request->samples);
    answer(box, PARTY_UNSEAL, &question, &payload);
}

uint64_t lane_biometric_play(struct lane_box *box, const struct lane_biometric *request) {
    uint64_t id = lane_biometric_post(box, request);
    for (size_t i = 0; i < request->segments.count; i++)
        lane_biometric_key(box, i, ERR_OK);
    lane_biometric_samples(box, request);
    return id;
}

struct lane_biometric_told lane_biometric_told(struct lane_box *box) {
    static struct lane_party_answer stated;
    static struct statement statement;
    struct lane_biometric_told told = {.codes = "yes"};
    struct frame question = lane_fixture_receive(box, PARTY_SIGNER, HSM_STATEMENT);
    assert_int_equal(hsm_wire_get_statement(question.payload, &statement), ERR_OK);
    assert_int_equal(statement.verdict, statement.error_count == 0);
    for (size_t i = 0; i < statement.error_count; i++) {
        size_t len = i > 0 ? strlen(told.codes) : 0;
        snprintf(told.codes + len, sizeof told.codes - len, "%s%s", i > 0 ? " " : "",
                 mosip_error_code(statement.errors[i].error));
        memcpy(told.detail, statement.errors[i].detail, sizeof told.detail);
        told.action = statement.errors[i].action;
    }
    lane_party_sign(&question, &stated);
    lane_fixture_send(box, PARTY_SIGNER, &stated.frame);
    assert_int_equal(lane_party_result(box).status, 200);
    return told;
}

void lane_biometric_plugin_hello(struct lane_box *box, const char *name) {
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct plugin_hello hello = {
        .modalities = {[BIOMETRIC_FINGER] = true, [BIOMETRIC_FACE] = true}};
    struct frame frame = {.type = PLUGIN_HELLO};
    snprintf(hello.name, sizeof hello.name, "%s", name);
    plugin_wire_put_hello(&payload, &hello);
    assert_int_equal(buffer_end(&payload, &frame.payload), ERR_OK);
    lane_fixture_send(box, PARTY_PLUGIN, &frame);
    lane_fixture_turn(box);
}

struct frame lane_biometric_compare(struct lane_box *box, struct plugin_compare *question) {
    struct frame frame = lane_fixture_receive(box, PARTY_PLUGIN, PLUGIN_COMPARE);
    assert_int_equal(plugin_wire_get_compare(frame.payload, question), ERR_OK);
    return frame;
}

void lane_biometric_compared(struct lane_box *box, const struct frame *question,
                             const struct plugin_compared *compared) {
    struct buffer payload = buffer_over(memory, sizeof memory);
    plugin_wire_put_compared(&payload, compared);
    answer(box, PARTY_PLUGIN, question, &payload);
}
