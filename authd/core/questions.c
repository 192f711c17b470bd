#include <string.h>

#include "authd/core/questions.h"

#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_flow.h"
#include "authd/core/jose_outcome.h"

enum { ANCHORS_MAX = 16, ANCHOR_MEMORY = 32 * 1024 };

static enum err envelope(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    unseal_wire_put_envelope_question(payload, &request->edge);
    return ERR_OK;
}

static enum err foreign(struct lane *lane, struct request *request, struct buffer *payload) {
    uint8_t memory[ANCHOR_MEMORY];
    struct buffer anchors = buffer_over(memory, sizeof(memory));
    struct unseal_foreign question = {.signature_header = request->edge.signature,
                                      .body = request->edge.body,
                                      .now_ms = request->received_wall_ms};
    ERR_TRY(registry_anchors(lane->core->registry, "AUTH", &anchors, question.anchors, ANCHORS_MAX,
                             &question.anchor_count));
    unseal_wire_put_foreign(payload, &question);
    return ERR_OK;
}

/* What is unwrapped, and with which key. */
static enum err name_key(struct bytes wrapped, struct bytes thumbprint,
                         struct hsm_unwrap *question) {
    /* Longer by a thumbprint: that one counts (§2.3). */
    if (wrapped.len == HSM_WRAPPED_BYTES + HSM_THUMBPRINT_BYTES) {
        thumbprint = bytes_of(wrapped.data, HSM_THUMBPRINT_BYTES);
        wrapped = bytes_of(wrapped.data + HSM_THUMBPRINT_BYTES, HSM_WRAPPED_BYTES);
    }
    if (wrapped.len != HSM_WRAPPED_BYTES)
        return ERR_MALFORMED;
    memcpy(question->wrapped, wrapped.data, sizeof(question->wrapped));
    question->has_thumbprint = thumbprint.len == HSM_THUMBPRINT_BYTES;
    if (question->has_thumbprint)
        memcpy(question->thumbprint, thumbprint.data, sizeof(question->thumbprint));
    return ERR_OK;
}

static enum err unwrap(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_PARTNER,
                                  .has_id_hash = request->has_id_hash};
    ERR_TRY(
        name_key(request->envelope.session_key.data, request->envelope.thumbprint.data, &question));
    memcpy(question.id_hash, request->id_hash, sizeof(question.id_hash));
    hsm_wire_put_unwrap(payload, &question);
    return ERR_OK;
}

static enum err segment_key(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    const struct biometric_exchange *exchange = request->biometric;
    const struct biometric_segment *segment = &exchange->segments.segments[exchange->key_count];
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_IDA_FIR};
    ERR_TRY(name_key(segment->session_key.data, segment->thumbprint.data, &question));
    hsm_wire_put_unwrap(payload, &question);
    return ERR_OK;
}

static enum err samples(struct lane *lane, struct request *request, struct buffer *payload) {
    return biometric_flow_ask_samples(lane->core, request, payload);
}

static enum err lookup(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    struct hsm_lookup question = {.count = 1};
    memcpy(question.id_hash[0], request->id_hash, sizeof(request->id_hash));
    hsm_wire_put_lookup(payload, &question);
    return ERR_OK;
}

static enum err open_payload(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    struct unseal_payload question = {.request = request->envelope.request.data,
                                      .request_hmac = request->envelope.request_hmac.data};
    if (request->content_key.len != sizeof(question.content_key))
        return ERR_MALFORMED;
    memcpy(question.content_key, request->content_key.data, sizeof(question.content_key));
    unseal_wire_put_payload_question(payload, &question);
    secret_wipe(&question, sizeof(question));
    return ERR_OK;
}

static enum err statement(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    hsm_wire_put_statement(payload, &request->statement);
    return ERR_OK;
}

static enum err jose_request(struct lane *lane, struct request *request, struct buffer *payload) {
    (void)lane;
    jose_wire_put_request_question(payload, &request->edge);
    return ERR_OK;
}

static enum err jose_derive(struct lane *lane, struct request *request, struct buffer *payload) {
    const struct jose_block *block = &request->jose.request.sealed;
    struct hsm_derive question = {.party_u = block->party_u, .party_v = block->party_v};
    (void)lane;
    memcpy(question.kid, block->kid, sizeof(question.kid));
    memcpy(question.x, block->x, sizeof(question.x));
    memcpy(question.y, block->y, sizeof(question.y));
    hsm_wire_put_derive(payload, &question);
    return ERR_OK;
}

static enum err jose_sealed(struct lane *lane, struct request *request, struct buffer *payload) {
    const struct jose_block *block = &request->jose.request.sealed;
    struct jose_sealed_question question = {.protected_header = block->protected_header,
                                            .ciphertext = block->ciphertext};
    (void)lane;
    if (request->content_key.len != sizeof(question.content_key))
        return ERR_MALFORMED;
    memcpy(question.content_key, request->content_key.data, sizeof(question.content_key));
    memcpy(question.iv, block->iv, sizeof(question.iv));
    memcpy(question.tag, block->tag, sizeof(question.tag));
    jose_wire_put_sealed_question(payload, &question);
    secret_wipe(&question, sizeof(question));
    return ERR_OK;
}

static enum err jose_result(struct lane *lane, struct request *request, struct buffer *payload) {
    SECRET(memory);
    struct result result;
    ERR_TRY(jose_outcome_result(lane->core, request, &memory, &result));
    hsm_wire_put_result(payload, &result);
    return ERR_OK;
}

static const struct {
    uint16_t type; /* 0: the step has no question */
    bool to_signer, secret;
    enum err (*encode)(struct lane *lane, struct request *request, struct buffer *payload);
} questions[] = {
    [STEP_ENVELOPE] = {UNSEAL_ENVELOPE, false, false, envelope},
    [STEP_FOREIGN] = {UNSEAL_FOREIGN, false, false, foreign},
    [STEP_UNWRAP] = {HSM_UNWRAP, true, false, unwrap},
    [STEP_LOOKUP] = {HSM_LOOKUP, true, false, lookup},
    [STEP_PAYLOAD] = {UNSEAL_PAYLOAD, false, true, open_payload},
    [STEP_SEGMENT_KEY] = {HSM_UNWRAP, true, false, segment_key},
    [STEP_SAMPLES] = {UNSEAL_SAMPLES, false, true, samples},
    [STEP_COMPARE] = {0, false, false, NULL}, /* biometric_plugin.h asks it */
    [STEP_STATEMENT] = {HSM_STATEMENT, true, false, statement},
    [STEP_RECORD] = {0, false, false, NULL},
    [STEP_JOSE_REQUEST] = {JOSE_REQUEST, false, false, jose_request},
    [STEP_JOSE_DERIVE] = {HSM_DERIVE, true, false, jose_derive},
    [STEP_JOSE_SEALED] = {JOSE_SEALED, false, true, jose_sealed},
    [STEP_JOSE_RESULT] = {HSM_RESULT, true, true, jose_result},
    [STEP_DUE] = {0, false, false, NULL},
};

bool questions_is_for_unseal(enum step step) {
    return questions[step].type != 0 && !questions[step].to_signer;
}

bool questions_is_for_signer(enum step step) {
    return questions[step].to_signer;
}

enum err questions_ask(struct lane *lane, struct request *request) {
    if (questions[request->step].type == 0)
        return ERR_DENIED;
    struct serve_peer *peer = lane->unseal;
    request->asked_boot_ms = clock_boot_ms();
    if (questions[request->step].to_signer) {
        unsigned signer = lane_choose_signer(lane, request);
        request->signer = signer;
        if (signer == LANE_NO_SIGNER)
            return ERR_AGAIN;
        peer = lane->signers[signer].peer;
    }
    if (peer == NULL || (peer == lane->unseal && !suspects_may_ask(lane, request)))
        return ERR_AGAIN;
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    ERR_TRY(questions[request->step].encode(lane, request, &payload));
    enum err result = lane_ask(lane, request, peer, questions[request->step].type, &payload);
    if (questions[request->step].secret)
        secret_wipe(lane->scratch, payload.len);
    return result;
}
