#include <string.h>

#include "firmware/base/secret.h"
#include "hsm/receipt.h"
#include "hsm/wire.h"

void hsm_wire_put_derive(struct buffer *target, const struct hsm_derive *question) {
    buffer_raw(target, question->kid, sizeof question->kid);
    buffer_raw(target, question->x, sizeof question->x);
    buffer_raw(target, question->y, sizeof question->y);
    buffer_block(target, question->party_u);
    buffer_block(target, question->party_v);
}

enum err hsm_wire_get_derive(struct bytes payload, struct hsm_derive *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    cursor_copy(&cursor, question->kid, sizeof question->kid);
    cursor_copy(&cursor, question->x, sizeof question->x);
    cursor_copy(&cursor, question->y, sizeof question->y);
    question->party_u = cursor_block(&cursor, HSM_PARTY_MAX);
    question->party_v = cursor_block(&cursor, HSM_PARTY_MAX);
    return cursor_end(&cursor);
}

void hsm_wire_put_derived(struct buffer *target, const struct hsm_derived *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_raw(target, answer->content_key, sizeof answer->content_key);
    buffer_u16(target, answer->generation);
}

enum err hsm_wire_get_derived(struct bytes payload, struct hsm_derived *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        cursor_copy(&cursor, answer->content_key, sizeof answer->content_key);
        answer->generation = cursor_u16(&cursor);
    }
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(answer, sizeof *answer);
    return err;
}

void hsm_wire_put_result(struct buffer *target, const struct result *question) {
    if (question->attribute_count > RESULT_ATTRIBUTES_MAX) {
        target->err = target->err == ERR_OK ? ERR_TOO_LARGE : target->err;
        return;
    }
    buffer_u8(target, (uint8_t)question->kind);
    buffer_text(target, question->audience);
    buffer_text(target, question->subject);
    buffer_text(target, question->transaction);
    buffer_raw(target, question->jti, sizeof question->jti);
    buffer_i64(target, question->issued_s);
    buffer_i64(target, question->auth_time_s);
    buffer_u32(target, question->lifetime_seconds);
    buffer_u32(target, question->amr);
    buffer_u8(target, (uint8_t)question->attribute_count);
    for (size_t i = 0; i < question->attribute_count; i++) {
        buffer_text(target, question->attributes[i].name);
        buffer_u8(target, (uint8_t)question->attributes[i].kind);
        buffer_block(target, question->attributes[i].value);
    }
}

static enum err get_attribute(struct cursor *cursor, struct result_attribute *attribute) {
    cursor_text(cursor, attribute->name, sizeof attribute->name);
    uint8_t kind = cursor_u8(cursor);
    attribute->value = cursor_block(cursor, RESULT_VALUE_MAX);
    if (cursor->err != ERR_OK)
        return cursor->err;
    if (kind < RESULT_VALUE_TEXT || kind > RESULT_VALUE_BYTES)
        return ERR_MALFORMED;
    attribute->kind = (enum result_value)kind;
    return ERR_OK;
}

static enum err get_attributes(struct cursor *cursor, struct result *question) {
    size_t count = cursor_u8(cursor);
    if (count > RESULT_ATTRIBUTES_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        ERR_TRY(get_attribute(cursor, &question->attributes[i]));
    question->attribute_count = count;
    return ERR_OK;
}

enum err hsm_wire_get_result(struct bytes payload, struct result *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    uint8_t kind = cursor_u8(&cursor);
    cursor_text(&cursor, question->audience, sizeof question->audience);
    cursor_text(&cursor, question->subject, sizeof question->subject);
    cursor_text(&cursor, question->transaction, sizeof question->transaction);
    cursor_copy(&cursor, question->jti, sizeof question->jti);
    question->issued_s = cursor_i64(&cursor);
    question->auth_time_s = cursor_i64(&cursor);
    question->lifetime_seconds = cursor_u32(&cursor);
    question->amr = cursor_u32(&cursor);
    ERR_TRY(get_attributes(&cursor, question));
    ERR_TRY(cursor_end(&cursor));
    if (kind != RESULT_AUTHENTICATION && kind != RESULT_ATTRIBUTES)
        return ERR_MALFORMED;
    question->kind = (enum result_kind)kind;
    return ERR_OK;
}

void hsm_wire_put_result_signed(struct buffer *target, const struct hsm_result_signed *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status == ERR_OK)
        buffer_block(target, answer->jwt);
}

enum err hsm_wire_get_result_signed(struct bytes payload, struct hsm_result_signed *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more)
        answer->jwt = cursor_block(&cursor, RESULT_JWT_MAX);
    return cursor_end(&cursor);
}
