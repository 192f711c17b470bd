#include <string.h>

#include "authd/wire/field.h"
#include "provisioning/officer_wire_outcome.h"
#include "provisioning/officer_wire_tls.h"

static uint16_t take_generation(struct cursor *cursor) {
    uint16_t generation = cursor_u16(cursor);
    field_require(cursor, generation > 0);
    return generation;
}

static struct bytes take_filled(struct cursor *cursor, size_t most) {
    struct bytes block = cursor_block(cursor, most);
    field_require(cursor, block.len > 0);
    return block;
}

void officer_wire_put_tls_request(struct buffer *target,
                                  const struct officer_tls_request *question) {
    buffer_u16(target, question->generation);
    buffer_text(target, question->names);
}

enum err officer_wire_get_tls_request(struct bytes payload, struct officer_tls_request *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_tls_request){.generation = cursor_u16(&cursor)};
    field_line(&cursor, question->names, sizeof question->names);
    return cursor_end(&cursor);
}

void officer_wire_put_tls_requested(struct buffer *target,
                                    const struct officer_tls_requested *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    if (answer->outcome.status != ERR_OK)
        return;
    buffer_u16(target, answer->generation);
    buffer_block(target, answer->request);
}

enum err officer_wire_get_tls_requested(struct bytes payload,
                                        struct officer_tls_requested *answer) {
    struct cursor cursor = cursor_over(payload);
    struct officer_outcome told;
    *answer = (struct officer_tls_requested){.outcome.status = ERR_UNAVAILABLE};
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    if (told.status == ERR_OK) {
        answer->generation = take_generation(&cursor);
        answer->request = take_filled(&cursor, OFFICER_TLS_REQUEST_MAX);
    }
    ERR_TRY(cursor_end(&cursor));
    answer->outcome = told;
    return ERR_OK;
}

void officer_wire_put_tls_install(struct buffer *target,
                                  const struct officer_tls_install *question) {
    buffer_u8(target, (uint8_t)question->count);
    for (size_t i = 0; i < question->count; i++)
        buffer_block(target, question->certificates[i]);
    buffer_text(target, question->force);
}

enum err officer_wire_get_tls_install(struct bytes payload, struct officer_tls_install *question) {
    struct cursor cursor = cursor_over(payload);
    struct officer_tls_install read = {.count = field_enum(&cursor, 1, OFFICER_TLS_CERTIFICATES)};
    for (size_t i = 0; i < read.count; i++)
        read.certificates[i] = take_filled(&cursor, OFFICER_TLS_CERTIFICATE_MAX);
    field_line(&cursor, read.force, sizeof read.force);
    *question = (struct officer_tls_install){0};
    ERR_TRY(cursor_end(&cursor));
    *question = read;
    return ERR_OK;
}

void officer_wire_put_tls_installed(struct buffer *target,
                                    const struct officer_tls_installed *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    if (answer->outcome.status != ERR_OK)
        return;
    buffer_u16(target, answer->generation);
    buffer_bool(target, answer->in_file);
    buffer_u8(target, (uint8_t)answer->end);
    buffer_text(target, answer->authority);
}

enum err officer_wire_get_tls_installed(struct bytes payload,
                                        struct officer_tls_installed *answer) {
    struct cursor cursor = cursor_over(payload);
    struct officer_outcome told;
    *answer = (struct officer_tls_installed){.outcome.status = ERR_UNAVAILABLE};
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    if (told.status == ERR_OK) {
        answer->generation = take_generation(&cursor);
        answer->in_file = cursor_bool(&cursor);
        answer->end =
            (enum tls_chain_end)field_enum(&cursor, TLS_CHAIN_LEAF_ALONE, TLS_CHAIN_ENDS - 1);
        field_line(&cursor, answer->authority, sizeof answer->authority);
    }
    ERR_TRY(cursor_end(&cursor));
    answer->outcome = told;
    return ERR_OK;
}

void officer_wire_put_tls_remove(struct buffer *target, const struct officer_tls_remove *question) {
    buffer_u16(target, question->generation);
}

enum err officer_wire_get_tls_remove(struct bytes payload, struct officer_tls_remove *question) {
    struct cursor cursor = cursor_over(payload);
    question->generation = take_generation(&cursor);
    return cursor_end(&cursor);
}

static void put_key(struct buffer *target, const struct officer_tls_key *key) {
    buffer_u16(target, key->generation);
    buffer_u8(target, (uint8_t)key->state);
    buffer_bool(target, key->brought);
    buffer_u8(target, key->count);
    buffer_text(target, key->subject);
    buffer_text(target, key->issuer);
    buffer_text(target, key->names);
    buffer_i64(target, key->not_after_ms);
    buffer_raw(target, key->thumbprint, sizeof key->thumbprint);
}

static void get_key(struct cursor *cursor, struct officer_tls_key *key) {
    key->generation = take_generation(cursor);
    key->state = (enum keystate)field_enum(cursor, 0, KEYSTATE_COUNT - 1);
    key->brought = cursor_bool(cursor);
    key->count = field_enum(cursor, 1, OFFICER_TLS_CERTIFICATES);
    field_line(cursor, key->subject, sizeof key->subject);
    field_line(cursor, key->issuer, sizeof key->issuer);
    field_line(cursor, key->names, sizeof key->names);
    key->not_after_ms = cursor_i64(cursor);
    cursor_copy(cursor, key->thumbprint, sizeof key->thumbprint);
}

void officer_wire_put_tls_shown(struct buffer *target, const struct officer_tls_shown *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    if (answer->outcome.status != ERR_OK)
        return;
    buffer_bool(target, answer->in_file);
    buffer_text(target, answer->names);
    buffer_u8(target, (uint8_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        put_key(target, &answer->keys[i]);
}

enum err officer_wire_get_tls_shown(struct bytes payload, struct officer_tls_shown *answer) {
    struct cursor cursor = cursor_over(payload);
    struct officer_outcome told;
    memset(answer, 0, sizeof *answer);
    answer->outcome.status = ERR_UNAVAILABLE;
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    size_t count = 0;
    if (told.status == ERR_OK) {
        answer->in_file = cursor_bool(&cursor);
        field_line(&cursor, answer->names, sizeof answer->names);
        count = field_enum(&cursor, 1, OFFICER_TLS_KEYS_MAX);
    }
    for (size_t i = 0; i < count; i++)
        get_key(&cursor, &answer->keys[i]);
    ERR_TRY(cursor_end(&cursor));
    answer->outcome = told;
    answer->count = count;
    return ERR_OK;
}
