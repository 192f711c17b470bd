#include <string.h>

#include "hsm/receipt.h"
#include "hsm/wire_keys.h"

/* A number below ${count}; else the cursor has failed. */
static uint8_t get_below(struct cursor *cursor, unsigned count) {
    uint8_t number = cursor_u8(cursor);
    if (cursor->err == ERR_OK && number >= count)
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? number : 0;
}

static void put_place(struct buffer *target, const struct hsm_keys_place *place) {
    buffer_u8(target, (uint8_t)place->purpose);
    buffer_u16(target, place->generation);
}

static void get_place(struct cursor *cursor, struct hsm_keys_place *place) {
    place->purpose = (enum hsm_purpose)get_below(cursor, HSM_PURPOSE_COUNT);
    place->generation = cursor_u16(cursor);
}

void hsm_wire_put_keys_question(struct buffer *target, const struct hsm_keys_question *question) {
    put_place(target, &question->from);
    buffer_bool(target, question->destroyed);
}

enum err hsm_wire_get_keys_question(struct bytes payload, struct hsm_keys_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct hsm_keys_question){0};
    get_place(&cursor, &question->from);
    question->destroyed = cursor_bool(&cursor);
    return cursor_end(&cursor);
}

static void put_key(struct buffer *target, const struct hsm_key_shown *key) {
    buffer_u8(target, (uint8_t)key->purpose);
    buffer_u16(target, key->generation);
    buffer_u8(target, (uint8_t)key->state);
    buffer_bool(target, key->held);
    buffer_bool(target, key->granted);
    buffer_bool(target, key->in_use);
    buffer_text(target, key->kid);
    buffer_u16(target, key->wrapped_by);
    buffer_bool(target, key->has_certificate);
    buffer_raw(target, key->thumbprint, sizeof key->thumbprint);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        buffer_bool(target, key->came[state].is_set);
        buffer_i64(target, key->came[state].wall_ms);
    }
}

static void get_key(struct cursor *cursor, struct hsm_key_shown *key) {
    key->purpose = (enum hsm_purpose)get_below(cursor, HSM_PURPOSE_COUNT);
    key->generation = cursor_u16(cursor);
    key->state = (enum keystate)get_below(cursor, KEYSTATE_COUNT);
    key->held = cursor_bool(cursor);
    key->granted = cursor_bool(cursor);
    key->in_use = cursor_bool(cursor);
    cursor_text(cursor, key->kid, sizeof key->kid);
    key->wrapped_by = cursor_u16(cursor);
    key->has_certificate = cursor_bool(cursor);
    cursor_copy(cursor, key->thumbprint, sizeof key->thumbprint);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        key->came[state].is_set = cursor_bool(cursor);
        key->came[state].wall_ms = cursor_i64(cursor);
    }
}

static void put_next(struct buffer *target, const struct hsm_key_next *next) {
    buffer_bool(target, next->rolls);
    buffer_bool(target, next->wanted);
    buffer_bool(target, next->unready);
    buffer_bool(target, next->full);
    buffer_bool(target, next->orphan);
    buffer_bool(target, next->wraps);
    buffer_u8(target, (uint8_t)next->action);
    buffer_u8(target, (uint8_t)next->awaited);
    buffer_u16(target, next->generation);
    buffer_i64(target, next->wait_ms);
    buffer_u16(target, next->destroyed);
}

static void get_next(struct cursor *cursor, struct hsm_key_next *next) {
    next->rolls = cursor_bool(cursor);
    next->wanted = cursor_bool(cursor);
    next->unready = cursor_bool(cursor);
    next->full = cursor_bool(cursor);
    next->orphan = cursor_bool(cursor);
    next->wraps = cursor_bool(cursor);
    next->action = (enum keystate_action)get_below(cursor, KEYSTATE_REVOKE);
    next->awaited = (enum keystate_action)get_below(cursor, KEYSTATE_REVOKE);
    next->generation = cursor_u16(cursor);
    next->wait_ms = cursor_i64(cursor);
    next->destroyed = cursor_u16(cursor);
}

void hsm_wire_put_keys(struct buffer *target, const struct hsm_keys *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_u16(target, (uint16_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        put_key(target, &answer->keys[i]);
    buffer_bool(target, answer->more);
    put_place(target, &answer->rest);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        put_next(target, &answer->next[purpose]);
}

enum err hsm_wire_get_keys(struct bytes payload, struct hsm_keys *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (!more)
        return cursor_end(&cursor);
    size_t count = cursor_u16(&cursor);
    if (count > HSM_KEYS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        get_key(&cursor, &answer->keys[i]);
    answer->more = cursor_bool(&cursor);
    get_place(&cursor, &answer->rest);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        get_next(&cursor, &answer->next[purpose]);
    if (cursor.err == ERR_OK && answer->more && count < HSM_KEYS_MAX)
        cursor.err = ERR_MALFORMED;
    answer->count = cursor.err == ERR_OK ? count : 0;
    return cursor_end(&cursor);
}

void hsm_wire_put_key_order(struct buffer *target, const struct hsm_key_order *question) {
    buffer_u8(target, (uint8_t)question->order);
    buffer_u8(target, (uint8_t)question->purpose);
    buffer_u16(target, question->generation);
    buffer_bool(target, question->dry_run);
}

bool hsm_wire_order_is_of_key(enum hsm_order order) {
    return order != HSM_ORDER_ROLL && order != HSM_ORDER_CONFIRM_CLOCK && order != HSM_ORDER_WRAP &&
           order != HSM_ORDER_KEEP_IN_TOKEN;
}

enum err hsm_wire_get_key_order(struct bytes payload, struct hsm_key_order *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct hsm_key_order){0};
    question->order = (enum hsm_order)get_below(&cursor, HSM_ORDER_COUNT);
    question->purpose = (enum hsm_purpose)get_below(&cursor, HSM_PURPOSE_COUNT);
    question->generation = cursor_u16(&cursor);
    question->dry_run = cursor_bool(&cursor);
    ERR_TRY(cursor_end(&cursor));
    bool fits = hsm_wire_order_is_of_key(question->order) == (question->generation != 0);
    return question->order != 0 && fits ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_key_ordered(struct buffer *target, const struct hsm_key_ordered *answer) {
    receipt_put(target, &answer->receipt);
    buffer_u8(target, (uint8_t)answer->state);
    buffer_bool(target, answer->needed);
}

enum err hsm_wire_get_key_ordered(struct bytes payload, struct hsm_key_ordered *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    *answer = (struct hsm_key_ordered){.state = KEYSTATE_COUNT};
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    uint8_t state = get_below(&cursor, KEYSTATE_COUNT + 1);
    answer->needed = cursor_bool(&cursor);
    answer->state = cursor.err == ERR_OK ? (enum keystate)state : KEYSTATE_COUNT;
    return cursor_end(&cursor);
}
