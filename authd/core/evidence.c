#include <stdio.h>
#include <string.h>

#include "authd/core/evidence.h"

#include "authd/core/hash.h"
#include "authd/core/person.h"

_Static_assert(EVIDENCE_PERSON_BYTES == PERSON_COMMITMENT_BYTES, "one commitment");

static void add_jose(const struct request *request, struct evidence *evidence) {
    const struct jose_exchange *jose = &request->jose;
    evidence->problem = (uint8_t)jose->outcome.problem;
    evidence->is_repeat = jose->is_repeat;
    snprintf(evidence->device, sizeof(evidence->device), "%s", jose->device);
    memcpy(evidence->certificate_thumbprint, request->edge.client_thumbprint, 32);
    if (!jose->request.is_signed)
        return;
    memcpy(evidence->kid, jose->request.kid, sizeof(evidence->kid));
    evidence->request_signature =
        bytes_of(jose->request.signature, sizeof(jose->request.signature));
}

enum err evidence_of(const struct request *request, struct evidence *evidence) {
    const struct envelope *envelope = &request->envelope;
    const struct statement *statement = &request->statement;
    *evidence = (struct evidence){.profile = request_is_jose(request) ? EDGE_PROFILE_JOSE
                                                                      : EDGE_PROFILE_MOSIP,
                                  .function = (uint8_t)envelope->function,
                                  .request_time_ms = envelope->request_time_ms,
                                  .factors = request->factors,
                                  .verdict = statement->verdict,
                                  .signer_index = request->receipt.signer_index,
                                  .signer_sequence = request->receipt.sequence,
                                  .request_signature = envelope->jws_signature};
    snprintf(evidence->partner_id, sizeof(evidence->partner_id), "%s", request->partner.id);
    snprintf(evidence->policy_id, sizeof(evidence->policy_id), "%s", request->policy.id);
    snprintf(evidence->reason, sizeof(evidence->reason), "%s", request->reason);
    if (strlen(statement->transaction) < sizeof(evidence->transaction))
        snprintf(evidence->transaction, sizeof(evidence->transaction), "%.15s",
                 statement->transaction);
    if (statement->error_count > 0)
        snprintf(evidence->error_code, sizeof(evidence->error_code), "%s",
                 mosip_error_code(statement->errors[statement->error_count - 1].error));
    person_commitment(request, evidence->person);
    memcpy(evidence->body_hash, request->body_hash, sizeof(evidence->body_hash));
    memcpy(evidence->certificate_thumbprint, envelope->certificate_thumbprint, 32);
    if (request_is_jose(request))
        add_jose(request, evidence);
    memcpy(evidence->signer_process, request->signer_process, sizeof(evidence->signer_process));
    return hash_sha256(request->edge_answer.body, evidence->answer_hash);
}

void evidence_put(struct buffer *target, const struct evidence *evidence) {
    buffer_u8(target, (uint8_t)evidence->profile); /* each has its own format */
    buffer_u8(target, evidence->function);
    buffer_text(target, evidence->partner_id);
    buffer_text(target, evidence->policy_id);
    buffer_text(target, evidence->transaction);
    buffer_i64(target, evidence->request_time_ms);
    buffer_raw(target, evidence->person, sizeof(evidence->person));
    buffer_u32(target, evidence->factors);
    buffer_bool(target, evidence->verdict);
    buffer_text(target, evidence->error_code);
    buffer_text(target, evidence->reason);
    buffer_raw(target, evidence->body_hash, sizeof(evidence->body_hash));
    buffer_raw(target, evidence->certificate_thumbprint, sizeof(evidence->certificate_thumbprint));
    buffer_block(target, evidence->request_signature);
    buffer_raw(target, evidence->answer_hash, sizeof(evidence->answer_hash));
    buffer_u16(target, evidence->signer_index);
    buffer_raw(target, evidence->signer_process, sizeof(evidence->signer_process));
    buffer_u64(target, evidence->signer_sequence);
    if (evidence->profile != EDGE_PROFILE_JOSE)
        return;
    buffer_u8(target, evidence->problem);
    buffer_bool(target, evidence->is_repeat);
    buffer_text(target, evidence->device);
    buffer_raw(target, evidence->kid, sizeof(evidence->kid));
}

static void get_jose(struct cursor *cursor, struct evidence *evidence) {
    evidence->problem = cursor_u8(cursor);
    evidence->is_repeat = cursor_bool(cursor);
    cursor_text(cursor, evidence->device, sizeof(evidence->device));
    cursor_copy(cursor, evidence->kid, sizeof(evidence->kid));
}

enum err evidence_get(struct bytes body, struct evidence *evidence) {
    struct cursor cursor = cursor_over(body);
    *evidence = (struct evidence){.profile = (enum edge_profile)cursor_u8(&cursor)};
    bool known = evidence->profile == EDGE_PROFILE_MOSIP || evidence->profile == EDGE_PROFILE_JOSE;
    evidence->function = cursor_u8(&cursor);
    cursor_text(&cursor, evidence->partner_id, sizeof(evidence->partner_id));
    cursor_text(&cursor, evidence->policy_id, sizeof(evidence->policy_id));
    cursor_text(&cursor, evidence->transaction, sizeof(evidence->transaction));
    evidence->request_time_ms = cursor_i64(&cursor);
    cursor_copy(&cursor, evidence->person, sizeof(evidence->person));
    evidence->factors = cursor_u32(&cursor);
    evidence->verdict = cursor_bool(&cursor);
    cursor_text(&cursor, evidence->error_code, sizeof(evidence->error_code));
    cursor_text(&cursor, evidence->reason, sizeof(evidence->reason));
    cursor_copy(&cursor, evidence->body_hash, sizeof(evidence->body_hash));
    cursor_copy(&cursor, evidence->certificate_thumbprint,
                sizeof(evidence->certificate_thumbprint));
    evidence->request_signature = cursor_block(&cursor, EVIDENCE_SIGNATURE_MAX);
    cursor_copy(&cursor, evidence->answer_hash, sizeof(evidence->answer_hash));
    evidence->signer_index = cursor_u16(&cursor);
    cursor_copy(&cursor, evidence->signer_process, sizeof(evidence->signer_process));
    evidence->signer_sequence = cursor_u64(&cursor);
    if (evidence->profile == EDGE_PROFILE_JOSE)
        get_jose(&cursor, evidence);
    enum err result = cursor_end(&cursor);
    return result != ERR_OK || known ? result : ERR_MALFORMED;
}
