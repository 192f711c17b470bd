#include <string.h>

#include "hsm/receipt.h"
#include "hsm/wire_certify.h"

bool hsm_certify_is_rsa(enum hsm_certify_kind kind) {
    return kind == HSM_CERTIFY_PARTNER || kind == HSM_CERTIFY_DEVICE;
}

static bool is_letter_or_digit(char character) {
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z');
}

bool hsm_certify_name(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len >= HSM_CERTIFY_NAME_SIZE || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(name[i]) && strchr(" '()+,-._~", name[i]) == NULL)
            return false;
    return true;
}

void hsm_wire_put_certify(struct buffer *target, const struct hsm_certify *question) {
    buffer_u8(target, (uint8_t)question->kind);
    buffer_u16(target, question->days);
    buffer_text(target, question->common_name);
    buffer_text(target, question->organisation);
    if (hsm_certify_is_rsa(question->kind)) {
        buffer_block(target, bytes_of(question->modulus, question->modulus_len));
        buffer_u32(target, question->exponent);
    } else {
        buffer_raw(target, question->x, sizeof question->x);
        buffer_raw(target, question->y, sizeof question->y);
    }
}

/* A modulus has one way of being written: without zeros before it. */
static enum err get_rsa(struct cursor *cursor, struct hsm_certify *question) {
    struct bytes modulus = cursor_block(cursor, sizeof question->modulus);
    question->exponent = cursor_u32(cursor);
    ERR_TRY(cursor_end(cursor));
    if (modulus.len == 0 || modulus.data[0] == 0)
        return ERR_MALFORMED;
    memcpy(question->modulus, modulus.data, modulus.len);
    question->modulus_len = modulus.len;
    return ERR_OK;
}

enum err hsm_wire_get_certify(struct bytes payload, struct hsm_certify *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    uint8_t kind = cursor_u8(&cursor);
    question->days = cursor_u16(&cursor);
    cursor_text(&cursor, question->common_name, sizeof question->common_name);
    cursor_text(&cursor, question->organisation, sizeof question->organisation);
    if (kind < HSM_CERTIFY_PARTNER || kind >= HSM_CERTIFY_KINDS)
        return cursor.err != ERR_OK ? cursor.err : ERR_MALFORMED;
    question->kind = (enum hsm_certify_kind)kind;
    if (hsm_certify_is_rsa(question->kind))
        return get_rsa(&cursor, question);
    cursor_copy(&cursor, question->x, sizeof question->x);
    cursor_copy(&cursor, question->y, sizeof question->y);
    return cursor_end(&cursor);
}

void hsm_wire_put_certified(struct buffer *target, const struct hsm_certified *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_block(target, answer->certificate);
    buffer_block(target, answer->authority);
}

enum err hsm_wire_get_certified(struct bytes payload, struct hsm_certified *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        answer->certificate = cursor_block(&cursor, HSM_CERTIFIED_DER_MAX);
        answer->authority = cursor_block(&cursor, HSM_CERTIFIED_DER_MAX);
    }
    enum err err = cursor_end(&cursor);
    if (err == ERR_OK && more && (answer->certificate.len == 0 || answer->authority.len == 0))
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        memset(answer, 0, sizeof *answer);
    return err;
}
