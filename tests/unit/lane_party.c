#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/envelope.h"
#include "authd/unseal/payload.h"
#include "authd/wire/notify_wire.h"
#include "tests/unit/lane_party.h"

/* The peers of a lane, as the tests play them. */

static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];

static struct buffer begin(const struct frame *question, struct lane_party_answer *answer) {
    answer->frame = (struct frame){
        .type = question->type + 1, .id = question->id, .generation = question->generation};
    return buffer_over(answer->memory, sizeof answer->memory);
}

static void end(const struct buffer *payload, struct lane_party_answer *answer) {
    assert_int_equal(buffer_end(payload, &answer->frame.payload), ERR_OK);
}

static void read_envelope(struct bytes question, struct buffer *payload) {
    static struct envelope envelope;
    struct edge_request request;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(digest_open(), ERR_OK);
    assert_int_equal(unseal_wire_get_envelope_question(question, &request), ERR_OK);
    envelope_read(&request, &workspace, &envelope);
    unseal_wire_put_envelope(payload, &envelope);
}

static void read_payload(struct bytes question, struct buffer *payload) {
    static struct payload read;
    struct unseal_payload asked;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(unseal_wire_get_payload_question(question, &asked), ERR_OK);
    read = (struct payload){.hmac_opened = true, .request_opened = true, .hash_matches = true};
    payload_read(asked.request, &workspace, &read);
    unseal_wire_put_payload(payload, &read);
}

void lane_party_unseal(const struct frame *question, struct lane_party_answer *answer) {
    struct buffer payload = begin(question, answer);
    if (question->type == UNSEAL_ENVELOPE)
        read_envelope(question->payload, &payload);
    else
        read_payload(question->payload, &payload);
    end(&payload, answer);
}

/* The number of the person with this id hash, as a lookup key. */
static void look_up(const uint8_t id_hash[static HSM_ID_HASH_BYTES], struct hsm_lookup_keys *keys) {
    *keys = (struct hsm_lookup_keys){.count = 1, .of[0].generation = 1};
    for (unsigned person = 1; person <= LANE_PEOPLE; person++) {
        uint8_t hash[HSM_ID_HASH_BYTES];
        char identifier[IDENTIFIER_UIN_DIGITS + 1];
        lane_fixture_identifier(person, identifier);
        assert_int_equal(identifier_hash(identifier, LANE_SALT, hash), ERR_OK);
        if (memcmp(hash, id_hash, sizeof hash) == 0)
            keys->of[0].key[0] = (uint8_t)person;
    }
}

static void unwrap(struct bytes question, struct buffer *payload) {
    struct hsm_unwrap asked;
    struct hsm_unwrapped answer = {.receipt.status = ERR_OK};
    assert_int_equal(hsm_wire_get_unwrap(question, &asked), ERR_OK);
    memset(answer.content_key, LANE_CONTENT_KEY_BYTE, sizeof answer.content_key);
    if (asked.has_id_hash)
        look_up(asked.id_hash, &answer.lookup);
    hsm_wire_put_unwrapped(payload, &answer);
}

static void lookup(struct bytes question, struct buffer *payload) {
    static struct hsm_lookup asked;
    static struct hsm_looked_up answer;
    assert_int_equal(hsm_wire_get_lookup(question, &asked), ERR_OK);
    answer = (struct hsm_looked_up){.receipt.status = ERR_OK, .count = 1};
    look_up(asked.id_hash[0], &answer.lookup[0]);
    hsm_wire_put_looked_up(payload, &answer);
}

/* The body is the transaction and the verdict, so that the test sees whose answer it is. */
static void state_it(struct bytes question, struct buffer *payload) {
    struct statement statement;
    char body[160];
    assert_int_equal(hsm_wire_get_statement(question, &statement), ERR_OK);
    snprintf(body, sizeof body, "%s %s", statement.transaction,
             statement.error_count > 0 ? mosip_error_code(statement.errors[0].error) : "yes");
    const struct hsm_stated answer = {.receipt.status = ERR_OK,
                                      .body = bytes_of_text(body),
                                      .signature = bytes_of_text("header..signature")};
    hsm_wire_put_stated(payload, &answer);
}

void lane_party_sign(const struct frame *question, struct lane_party_answer *answer) {
    struct buffer payload = begin(question, answer);
    if (question->type == HSM_UNWRAP)
        unwrap(question->payload, &payload);
    else if (question->type == HSM_LOOKUP)
        lookup(question->payload, &payload);
    else
        state_it(question->payload, &payload);
    end(&payload, answer);
}

void lane_party_notify(const struct frame *question, bool delivered,
                       struct lane_party_answer *answer) {
    struct buffer payload = begin(question, answer);
    notify_wire_put_delivered(&payload, delivered);
    end(&payload, answer);
}

void lane_party_hold(struct lane_box *box, enum lane_party party, uint16_t type,
                     struct lane_party_answer *answer) {
    struct frame question = lane_fixture_receive(box, party, type);
    if (party == PARTY_UNSEAL)
        lane_party_unseal(&question, answer);
    else
        lane_party_sign(&question, answer);
}

void lane_party_succeed(struct lane_box *box, struct lane_party_answer *probed) {
    lane_fixture_peer_down(box, PARTY_UNSEAL);
    assert_true(lane_fixture_is_silent(box, PARTY_UNSEAL));
    lane_fixture_peer_up(box, PARTY_UNSEAL);
    lane_party_hold(box, PARTY_UNSEAL, UNSEAL_ENVELOPE, probed);
}

void lane_party_play(struct lane_box *box, enum lane_party party, uint16_t type) {
    static struct lane_party_answer answer;
    lane_party_hold(box, party, type, &answer);
    lane_fixture_send(box, party, &answer.frame);
}

struct lane_party_result lane_party_result(struct lane_box *box) {
    struct lane_party_result result = {.text = ""};
    struct edge_answer answer;
    struct frame frame = lane_fixture_receive(box, PARTY_EDGE, EDGE_ANSWER);
    assert_int_equal(edge_wire_get_answer(frame.payload, &answer), ERR_OK);
    result.id = frame.id;
    result.status = answer.status;
    assert_true(answer.body.len < sizeof result.text);
    if (answer.body.len > 0)
        memcpy(result.text, answer.body.data, answer.body.len);
    return result;
}

void lane_party_ask(struct lane_box *box, const struct lane_post *post,
                    struct lane_party_code *code) {
    struct notify_otp message;
    uint64_t id = lane_fixture_post(box, post);
    lane_party_play(box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(box, PARTY_SIGNER, HSM_STATEMENT);
    struct frame question = lane_fixture_receive(box, PARTY_NOTIFIER, NOTIFY_OTP);
    assert_int_equal(notify_wire_get_otp(question.payload, &message), ERR_OK);
    memcpy(code->code, message.otp, sizeof code->code);
    lane_party_notify(&question, true, &code->delivered);
    lane_party_notify(&question, false, &code->lost);
    code->result = lane_party_result(box);
    assert_int_equal(code->result.id, id);
}

struct lane_party_result lane_party_authenticate(struct lane_box *box,
                                                 const struct lane_post *post) {
    uint64_t id = lane_fixture_post(box, post);
    lane_party_play(box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(box, PARTY_SIGNER, HSM_UNWRAP);
    lane_party_play(box, PARTY_UNSEAL, UNSEAL_PAYLOAD);
    lane_party_play(box, PARTY_SIGNER, HSM_STATEMENT);
    struct lane_party_result result = lane_party_result(box);
    assert_int_equal(result.id, id);
    return result;
}
