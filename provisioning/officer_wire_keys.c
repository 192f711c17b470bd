#include <string.h>

#include "authd/wire/field.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/officer_wire_outcome.h"

void officer_wire_put_key_order(struct buffer *target, const struct officer_key_order *question) {
    buffer_u8(target, (uint8_t)question->order);
    buffer_text(target, question->purpose);
    buffer_u16(target, question->generation);
    buffer_bool(target, question->dry_run);
    buffer_text(target, question->force);
}

enum err officer_wire_get_key_order(struct bytes payload, struct officer_key_order *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_key_order){0};
    question->order =
        (enum officer_order)field_enum(&cursor, OFFICER_ORDER_ROLL, OFFICER_ORDER_COUNT - 1);
    field_line(&cursor, question->purpose, sizeof question->purpose);
    question->generation = cursor_u16(&cursor);
    question->dry_run = cursor_bool(&cursor);
    field_line(&cursor, question->force, sizeof question->force);
    return cursor_end(&cursor);
}

static void put_place(struct buffer *target, const struct officer_keys_place *place) {
    buffer_u8(target, place->purpose);
    buffer_u16(target, place->generation);
}

static struct officer_keys_place get_place(struct cursor *cursor) {
    struct officer_keys_place place = {.purpose = cursor_u8(cursor)};
    place.generation = cursor_u16(cursor);
    field_require(cursor, place.purpose < OFFICER_PURPOSES_MAX);
    return place;
}

void officer_wire_put_keys_question(struct buffer *target,
                                    const struct officer_keys_question *question) {
    put_place(target, &question->from);
    buffer_bool(target, question->destroyed);
}

enum err officer_wire_get_keys_question(struct bytes payload,
                                        struct officer_keys_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_keys_question){.from = get_place(&cursor)};
    question->destroyed = cursor_bool(&cursor);
    return cursor_end(&cursor);
}

static void put_key(struct buffer *target, const struct officer_key *key) {
    buffer_text(target, key->purpose);
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

static void get_key(struct cursor *cursor, struct officer_key *key) {
    field_line(cursor, key->purpose, sizeof key->purpose);
    key->generation = cursor_u16(cursor);
    key->state = (enum keystate)field_enum(cursor, 0, KEYSTATE_COUNT - 1);
    key->held = cursor_bool(cursor);
    key->granted = cursor_bool(cursor);
    key->in_use = cursor_bool(cursor);
    field_line(cursor, key->kid, sizeof key->kid);
    key->wrapped_by = cursor_u16(cursor);
    key->has_certificate = cursor_bool(cursor);
    cursor_copy(cursor, key->thumbprint, sizeof key->thumbprint);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        key->came[state].is_set = cursor_bool(cursor);
        key->came[state].wall_ms = cursor_i64(cursor);
    }
}

static void put_next(struct buffer *target, const struct officer_key_next *next) {
    buffer_text(target, next->purpose);
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

static void get_next(struct cursor *cursor, struct officer_key_next *next) {
    field_line(cursor, next->purpose, sizeof next->purpose);
    next->rolls = cursor_bool(cursor);
    next->wanted = cursor_bool(cursor);
    next->unready = cursor_bool(cursor);
    next->full = cursor_bool(cursor);
    next->orphan = cursor_bool(cursor);
    next->wraps = cursor_bool(cursor);
    next->action = (enum keystate_action)field_enum(cursor, KEYSTATE_WAIT, KEYSTATE_DESTROY);
    next->awaited = (enum keystate_action)field_enum(cursor, KEYSTATE_WAIT, KEYSTATE_DESTROY);
    next->generation = cursor_u16(cursor);
    next->wait_ms = cursor_i64(cursor);
    next->destroyed = cursor_u16(cursor);
}

/* A refusal is its outcome, and nothing else. */
void officer_wire_put_keys(struct buffer *target, const struct officer_keys *answer) {
    bool is_done = answer->outcome.status == ERR_OK;
    size_t count = is_done ? answer->count : 0, next_count = is_done ? answer->next_count : 0;
    officer_wire_outcome_put(target, &answer->outcome);
    buffer_u16(target, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        put_key(target, &answer->keys[i]);
    buffer_bool(target, is_done && answer->more);
    put_place(target, &answer->rest);
    buffer_u8(target, (uint8_t)next_count);
    for (size_t i = 0; i < next_count; i++)
        put_next(target, &answer->next[i]);
}

/* A count of at most ${most}; else the cursor has failed. */
static size_t at_most(struct cursor *cursor, size_t count, size_t most) {
    if (cursor->err == ERR_OK && count > most)
        cursor->err = ERR_TOO_LARGE;
    return cursor->err == ERR_OK ? count : 0;
}

enum err officer_wire_get_keys(struct bytes payload, struct officer_keys *answer) {
    struct cursor cursor = cursor_over(payload);
    struct officer_outcome told;
    memset(answer, 0, sizeof *answer);
    answer->outcome.status = ERR_UNAVAILABLE;
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    size_t count = at_most(&cursor, cursor_u16(&cursor), OFFICER_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        get_key(&cursor, &answer->keys[i]);
    bool more = cursor_bool(&cursor);
    struct officer_keys_place rest = get_place(&cursor);
    size_t next_count = at_most(&cursor, cursor_u8(&cursor), OFFICER_PURPOSES_MAX);
    for (size_t i = 0; i < next_count; i++)
        get_next(&cursor, &answer->next[i]);
    field_require(&cursor, !more || (count == OFFICER_KEYS_MAX && rest.purpose < next_count));
    ERR_TRY(cursor_end(&cursor));
    if (told.status != ERR_OK && count + next_count > 0)
        return ERR_MALFORMED;
    answer->outcome = told;
    answer->count = count;
    answer->more = more;
    answer->rest = rest;
    answer->next_count = next_count;
    return ERR_OK;
}
