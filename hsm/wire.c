#include <string.h>

#include "firmware/base/secret.h"
#include "hsm/receipt.h"
#include "hsm/wire.h"

/* What a publication may hold at most: a few certificates of about 1 KB each. */
#define PUBLICATION_BLOCK_MAX 65536
#define NOTE_MAX              4096

const char *hsm_purpose_text(enum hsm_purpose purpose) {
    static const char *const texts[HSM_PURPOSE_COUNT] = {
        [HSM_PURPOSE_ROOT] = "IDA/ROOT",        [HSM_PURPOSE_SIGN] = "IDA/SIGN",
        [HSM_PURPOSE_PARTNER] = "IDA/PARTNER",  [HSM_PURPOSE_IDA_FIR] = "IDA/IDA-FIR",
        [HSM_PURPOSE_KEK] = "IDA/KEK",          [HSM_PURPOSE_AUDIT] = "IDA/AUDIT",
        [HSM_PURPOSE_PEPPER] = "IDA/PEPPER",    [HSM_PURPOSE_TOKEN] = "IDCS/TOKEN",
        [HSM_PURPOSE_REQUEST] = "IDCS/REQUEST", [HSM_PURPOSE_TLS] = "IDCS/TLS",
        [HSM_PURPOSE_CA] = "IDCS/CA",
    };
    return (unsigned)purpose < HSM_PURPOSE_COUNT ? texts[purpose] : "unknown";
}

void hsm_wire_put_hello(struct buffer *target, const struct hsm_hello *hello) {
    buffer_u16(target, hello->signer_index);
    buffer_raw(target, hello->process_id, sizeof hello->process_id);
    buffer_u64(target, hello->keyring_sequence);
    buffer_bool(target, hello->provisioned);
    buffer_bool(target, hello->complete);
}

enum err hsm_wire_get_hello(struct bytes payload, struct hsm_hello *hello) {
    struct cursor cursor = cursor_over(payload);
    memset(hello, 0, sizeof *hello);
    hello->signer_index = cursor_u16(&cursor);
    cursor_copy(&cursor, hello->process_id, sizeof hello->process_id);
    hello->keyring_sequence = cursor_u64(&cursor);
    hello->provisioned = cursor_bool(&cursor);
    hello->complete = cursor_bool(&cursor);
    return cursor_end(&cursor);
}

void hsm_wire_put_statement(struct buffer *target, const struct statement *question) {
    if (question->error_count > STATEMENT_ERRORS_MAX) {
        target->err = target->err == ERR_OK ? ERR_TOO_LARGE : target->err;
        return;
    }
    buffer_u8(target, (uint8_t)question->kind);
    buffer_text(target, question->id);
    buffer_text(target, question->version);
    buffer_text(target, question->transaction);
    buffer_i64(target, question->response_time_ms);
    buffer_bool(target, question->verdict);
    buffer_text(target, question->token);
    buffer_text(target, question->masked_mobile);
    buffer_text(target, question->masked_email);
    buffer_raw(target, question->certificate_thumbprint, sizeof question->certificate_thumbprint);
    buffer_block(target, question->identity);
    buffer_block(target, question->session_key);
    buffer_u8(target, (uint8_t)question->error_count);
    for (size_t i = 0; i < question->error_count; i++) {
        buffer_u16(target, (uint16_t)question->errors[i].error);
        buffer_text(target, question->errors[i].detail);
        buffer_u8(target, (uint8_t)question->errors[i].action);
    }
}

static enum err get_errors(struct cursor *cursor, struct statement *question) {
    size_t count = cursor_u8(cursor);
    if (count > STATEMENT_ERRORS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < count; i++) {
        uint16_t error = cursor_u16(cursor);
        cursor_text(cursor, question->errors[i].detail, sizeof question->errors[i].detail);
        uint8_t action = cursor_u8(cursor);
        if (cursor->err != ERR_OK)
            return cursor->err;
        if (error == MOSIP_NO_ERROR || error >= MOSIP_ERROR_COUNT || action >= MOSIP_ACTION_COUNT)
            return ERR_MALFORMED;
        question->errors[i].error = (enum mosip_error)error;
        question->errors[i].action = (enum mosip_action)action;
    }
    question->error_count = count;
    return ERR_OK;
}

enum err hsm_wire_get_statement(struct bytes payload, struct statement *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    uint8_t kind = cursor_u8(&cursor);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->version, sizeof question->version);
    cursor_text(&cursor, question->transaction, sizeof question->transaction);
    question->response_time_ms = cursor_i64(&cursor);
    question->verdict = cursor_bool(&cursor);
    cursor_text(&cursor, question->token, sizeof question->token);
    cursor_text(&cursor, question->masked_mobile, sizeof question->masked_mobile);
    cursor_text(&cursor, question->masked_email, sizeof question->masked_email);
    cursor_copy(&cursor, question->certificate_thumbprint, sizeof question->certificate_thumbprint);
    question->identity = cursor_block(&cursor, STATEMENT_IDENTITY_MAX);
    question->session_key = cursor_block(&cursor, STATEMENT_SESSION_KEY_MAX);
    ERR_TRY(get_errors(&cursor, question));
    bool known = kind >= STATEMENT_AUTH && kind <= STATEMENT_KYC;
    question->kind = (enum statement_kind)(known ? kind : 0);
    ERR_TRY(cursor_end(&cursor));
    return known ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_stated(struct buffer *target, const struct hsm_stated *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_block(target, answer->body);
    buffer_block(target, answer->signature);
}

enum err hsm_wire_get_stated(struct bytes payload, struct hsm_stated *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        answer->body = cursor_block(&cursor, STATEMENT_BODY_MAX);
        answer->signature = cursor_block(&cursor, STATEMENT_SIGNATURE_MAX);
    }
    return cursor_end(&cursor);
}

void hsm_wire_put_checkpoint(struct buffer *target, const struct hsm_checkpoint *question) {
    buffer_u64(target, question->tree_size);
    buffer_raw(target, question->tree_root, sizeof question->tree_root);
    buffer_i64(target, question->wall_ms);
    buffer_u64(target, question->registry_sequence);
    buffer_u64(target, question->state_sequence);
}

enum err hsm_wire_get_checkpoint(struct bytes payload, struct hsm_checkpoint *question) {
    struct cursor cursor = cursor_over(payload);
    question->tree_size = cursor_u64(&cursor);
    cursor_copy(&cursor, question->tree_root, sizeof question->tree_root);
    question->wall_ms = cursor_i64(&cursor);
    question->registry_sequence = cursor_u64(&cursor);
    question->state_sequence = cursor_u64(&cursor);
    return cursor_end(&cursor);
}

void hsm_wire_put_checkpointed(struct buffer *target, const struct hsm_checkpointed *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status == ERR_OK)
        buffer_block(target, answer->note);
}

enum err hsm_wire_get_checkpointed(struct bytes payload, struct hsm_checkpointed *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more)
        answer->note = cursor_block(&cursor, NOTE_MAX);
    return cursor_end(&cursor);
}

void hsm_wire_put_high_water(struct buffer *target, const struct hsm_high_water *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_u64(target, answer->mark.tree_size);
    buffer_u64(target, answer->mark.registry_sequence);
    buffer_u64(target, answer->mark.state_sequence);
}

enum err hsm_wire_get_high_water(struct bytes payload, struct hsm_high_water *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        answer->mark.tree_size = cursor_u64(&cursor);
        answer->mark.registry_sequence = cursor_u64(&cursor);
        answer->mark.state_sequence = cursor_u64(&cursor);
    }
    return cursor_end(&cursor);
}

void hsm_wire_put_open_root(struct buffer *target, const struct hsm_open_root *question) {
    buffer_u16(target, question->generation);
    buffer_raw(target, question->wrapped, sizeof question->wrapped);
}

enum err hsm_wire_get_open_root(struct bytes payload, struct hsm_open_root *question) {
    struct cursor cursor = cursor_over(payload);
    question->generation = cursor_u16(&cursor);
    cursor_copy(&cursor, question->wrapped, sizeof question->wrapped);
    return cursor_end(&cursor);
}

void hsm_wire_put_root_opened(struct buffer *target, const struct hsm_root_opened *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status == ERR_OK)
        buffer_raw(target, answer->root, sizeof answer->root);
}

enum err hsm_wire_get_root_opened(struct bytes payload, struct hsm_root_opened *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more)
        cursor_copy(&cursor, answer->root, sizeof answer->root);
    return cursor_end(&cursor);
}

void hsm_wire_put_root_made(struct buffer *target, const struct hsm_root_made *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status == ERR_OK)
        buffer_raw(target, answer->wrapped, sizeof answer->wrapped);
}

enum err hsm_wire_get_root_made(struct bytes payload, struct hsm_root_made *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more)
        cursor_copy(&cursor, answer->wrapped, sizeof answer->wrapped);
    return cursor_end(&cursor);
}

void hsm_wire_put_publication(struct buffer *target, const struct hsm_publication *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_block(target, answer->jwks);
    buffer_block(target, answer->partner_pem);
    buffer_block(target, answer->ida_fir_pem);
    buffer_block(target, answer->sign_pem);
    buffer_block(target, answer->root_pem);
    buffer_u16(target, answer->wrapped_by.partner);
    buffer_u16(target, answer->wrapped_by.ida_fir);
    buffer_u16(target, answer->wrapped_by.request);
    buffer_text(target, answer->request_kid);
    buffer_u64(target, answer->sequence);
    buffer_u32(target, answer->max_age_seconds);
}

enum err hsm_wire_get_publication(struct bytes payload, struct hsm_publication *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        answer->jwks = cursor_block(&cursor, PUBLICATION_BLOCK_MAX);
        answer->partner_pem = cursor_block(&cursor, PUBLICATION_BLOCK_MAX);
        answer->ida_fir_pem = cursor_block(&cursor, PUBLICATION_BLOCK_MAX);
        answer->sign_pem = cursor_block(&cursor, PUBLICATION_BLOCK_MAX);
        answer->root_pem = cursor_block(&cursor, PUBLICATION_BLOCK_MAX);
        answer->wrapped_by.partner = cursor_u16(&cursor);
        answer->wrapped_by.ida_fir = cursor_u16(&cursor);
        answer->wrapped_by.request = cursor_u16(&cursor);
        cursor_text(&cursor, answer->request_kid, sizeof answer->request_kid);
        answer->sequence = cursor_u64(&cursor);
        answer->max_age_seconds = cursor_u32(&cursor);
    }
    return cursor_end(&cursor);
}

/* How many were made is told even when nothing more is to do: the answer is the receipt and a
 * number. */
void hsm_wire_put_generated(struct buffer *target, const struct hsm_generated *answer) {
    receipt_put(target, &answer->receipt);
    buffer_u16(target, (uint16_t)answer->made);
}

enum err hsm_wire_get_generated(struct bytes payload, struct hsm_generated *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    answer->made = 0;
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    answer->made = cursor_u16(&cursor);
    return cursor_end(&cursor);
}
