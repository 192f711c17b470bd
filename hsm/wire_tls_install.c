#include <string.h>

#include "hsm/receipt.h"
#include "hsm/wire_tls_install.h"

#define PUBLIC_KEY_MAX 512 /* of RSA-2048: 294 */

/* From ${least} to ${most}; else the cursor has failed. */
static uint64_t within(struct cursor *cursor, uint64_t value, uint64_t least, uint64_t most) {
    if (cursor->err == ERR_OK && (value < least || value > most))
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? value : least;
}

static struct bytes take_filled(struct cursor *cursor, size_t most) {
    struct bytes block = cursor_block(cursor, most);
    (void)within(cursor, block.len, 1, most);
    return block;
}

void hsm_wire_put_tls_request(struct buffer *target, const struct hsm_tls_request *question) {
    buffer_u16(target, question->generation);
    buffer_text(target, question->names);
}

enum err hsm_wire_get_tls_request(struct bytes payload, struct hsm_tls_request *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    question->generation = cursor_u16(&cursor);
    cursor_text(&cursor, question->names, sizeof question->names);
    return cursor_end(&cursor);
}

void hsm_wire_put_tls_requested(struct buffer *target, const struct hsm_tls_requested *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_u16(target, answer->generation);
    buffer_block(target, answer->request);
}

enum err hsm_wire_get_tls_requested(struct bytes payload, struct hsm_tls_requested *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more) {
        answer->generation = (uint16_t)within(&cursor, cursor_u16(&cursor), 1, UINT16_MAX);
        answer->request = take_filled(&cursor, HSM_TLS_REQUEST_MAX);
    }
    return cursor_end(&cursor);
}

void hsm_wire_put_tls_install(struct buffer *target, const struct hsm_tls_install *question) {
    buffer_u16(target, question->generation);
    buffer_i64(target, question->not_after_ms);
    buffer_u8(target, (uint8_t)question->count);
    for (size_t i = 0; i < question->count; i++)
        buffer_block(target, question->certificates[i]);
}

enum err hsm_wire_get_tls_install(struct bytes payload, struct hsm_tls_install *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    uint16_t generation = (uint16_t)within(&cursor, cursor_u16(&cursor), 1, UINT16_MAX);
    int64_t not_after_ms = cursor_i64(&cursor);
    size_t count = within(&cursor, cursor_u8(&cursor), 1, HSM_TLS_CERTIFICATES);
    for (size_t i = 0; i < count; i++)
        question->certificates[i] = take_filled(&cursor, HSM_TLS_CERTIFICATE_MAX);
    ERR_TRY(cursor_end(&cursor));
    if (not_after_ms < 0)
        return ERR_MALFORMED;
    question->generation = generation;
    question->not_after_ms = not_after_ms;
    question->count = count;
    return ERR_OK;
}

static enum err get_receipt(struct bytes payload, struct hsm_receipt *receipt) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    ERR_TRY(receipt_get(&cursor, receipt, &more));
    return cursor_end(&cursor);
}

void hsm_wire_put_tls_installed(struct buffer *target, const struct hsm_tls_installed *answer) {
    receipt_put(target, &answer->receipt);
}

enum err hsm_wire_get_tls_installed(struct bytes payload, struct hsm_tls_installed *answer) {
    return get_receipt(payload, &answer->receipt);
}

void hsm_wire_put_tls_remove(struct buffer *target, const struct hsm_tls_remove *question) {
    buffer_u16(target, question->generation);
}

enum err hsm_wire_get_tls_remove(struct bytes payload, struct hsm_tls_remove *question) {
    struct cursor cursor = cursor_over(payload);
    question->generation = (uint16_t)within(&cursor, cursor_u16(&cursor), 1, UINT16_MAX);
    return cursor_end(&cursor);
}

void hsm_wire_put_tls_removed(struct buffer *target, const struct hsm_tls_removed *answer) {
    receipt_put(target, &answer->receipt);
}

enum err hsm_wire_get_tls_removed(struct bytes payload, struct hsm_tls_removed *answer) {
    return get_receipt(payload, &answer->receipt);
}

static void put_held(struct buffer *target, const struct hsm_tls_held *key) {
    buffer_u16(target, key->generation);
    buffer_u8(target, (uint8_t)key->state);
    buffer_bool(target, key->brought);
    buffer_i64(target, key->not_after_ms);
    buffer_u8(target, (uint8_t)key->count);
    buffer_block(target, key->leaf);
    buffer_block(target, key->public_key);
}

static void get_held(struct cursor *cursor, struct hsm_tls_held *key) {
    key->generation = (uint16_t)within(cursor, cursor_u16(cursor), 1, UINT16_MAX);
    key->state = (enum keystate)within(cursor, cursor_u8(cursor), 0, KEYSTATE_COUNT - 1);
    key->brought = cursor_bool(cursor);
    key->not_after_ms = cursor_i64(cursor);
    key->count = within(cursor, cursor_u8(cursor), 1, HSM_TLS_CERTIFICATES);
    key->leaf = take_filled(cursor, HSM_TLS_CERTIFICATE_MAX);
    key->public_key = take_filled(cursor, PUBLIC_KEY_MAX);
}

void hsm_wire_put_tls_shown(struct buffer *target, const struct hsm_tls_shown *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_text(target, answer->names);
    buffer_u8(target, (uint8_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        put_held(target, &answer->keys[i]);
}

enum err hsm_wire_get_tls_shown(struct bytes payload, struct hsm_tls_shown *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (!more)
        return cursor_end(&cursor);
    cursor_text(&cursor, answer->names, sizeof answer->names);
    size_t count = within(&cursor, cursor_u8(&cursor), 1, HSM_TLS_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        get_held(&cursor, &answer->keys[i]);
    ERR_TRY(cursor_end(&cursor));
    answer->count = count;
    return ERR_OK;
}
