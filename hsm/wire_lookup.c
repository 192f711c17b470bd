#include <string.h>

#include "firmware/base/secret.h"
#include "hsm/receipt.h"
#include "hsm/wire.h"

static void refuse(struct buffer *target, enum err why) {
    target->err = target->err == ERR_OK ? why : target->err;
}

static void put_keys(struct buffer *target, const struct hsm_lookup_keys *keys) {
    if (keys->count > HSM_PEPPERS_MAX) {
        refuse(target, ERR_TOO_LARGE);
        return;
    }
    buffer_u8(target, (uint8_t)keys->count);
    for (size_t i = 0; i < keys->count; i++) {
        buffer_u16(target, keys->of[i].generation);
        buffer_raw(target, keys->of[i].key, sizeof keys->of[i].key);
    }
}

/* A generation that comes twice, or is none, would leave open which key is meant by it. */
static bool is_new(const struct hsm_lookup_keys *keys, size_t index) {
    uint16_t generation = keys->of[index].generation;
    for (size_t i = 0; i < index; i++)
        if (keys->of[i].generation == generation)
            return false;
    return generation != 0;
}

/* ${keys} are of zeroes on an error. */
static enum err get_keys(struct cursor *cursor, struct hsm_lookup_keys *keys) {
    bool distinct = true;
    memset(keys, 0, sizeof *keys);
    size_t count = cursor_u8(cursor);
    if (count > HSM_PEPPERS_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        keys->of[i].generation = cursor_u16(cursor);
        cursor_copy(cursor, keys->of[i].key, sizeof keys->of[i].key);
        distinct = distinct && is_new(keys, i);
    }
    keys->count = count;
    if (cursor->err == ERR_OK && distinct)
        return ERR_OK;
    memset(keys, 0, sizeof *keys);
    return cursor->err != ERR_OK ? cursor->err : ERR_MALFORMED;
}

void hsm_wire_put_unwrap(struct buffer *target, const struct hsm_unwrap *question) {
    buffer_u8(target, (uint8_t)question->purpose);
    buffer_bool(target, question->has_thumbprint);
    if (question->has_thumbprint)
        buffer_raw(target, question->thumbprint, sizeof question->thumbprint);
    buffer_raw(target, question->wrapped, sizeof question->wrapped);
    buffer_bool(target, question->has_id_hash);
    if (question->has_id_hash)
        buffer_raw(target, question->id_hash, sizeof question->id_hash);
}

enum err hsm_wire_get_unwrap(struct bytes payload, struct hsm_unwrap *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    uint8_t purpose = cursor_u8(&cursor);
    question->has_thumbprint = cursor_bool(&cursor);
    if (question->has_thumbprint)
        cursor_copy(&cursor, question->thumbprint, sizeof question->thumbprint);
    cursor_copy(&cursor, question->wrapped, sizeof question->wrapped);
    question->has_id_hash = cursor_bool(&cursor);
    if (question->has_id_hash)
        cursor_copy(&cursor, question->id_hash, sizeof question->id_hash);
    bool may_decrypt = purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR;
    question->purpose = may_decrypt ? (enum hsm_purpose)purpose : HSM_PURPOSE_COUNT;
    ERR_TRY(cursor_end(&cursor));
    return may_decrypt ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_unwrapped(struct buffer *target, const struct hsm_unwrapped *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_raw(target, answer->content_key, sizeof answer->content_key);
    buffer_u16(target, answer->generation);
    put_keys(target, &answer->lookup);
}

enum err hsm_wire_get_unwrapped(struct bytes payload, struct hsm_unwrapped *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    enum err err = ERR_OK;
    if (more) {
        cursor_copy(&cursor, answer->content_key, sizeof answer->content_key);
        answer->generation = cursor_u16(&cursor);
        err = get_keys(&cursor, &answer->lookup);
    }
    if (err == ERR_OK)
        err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(answer, sizeof *answer);
    return err;
}

static enum err get_count(struct cursor *cursor, size_t *count) {
    size_t read = cursor_u16(cursor);
    *count = 0;
    if (cursor->err != ERR_OK)
        return cursor->err;
    if (read == 0 || read > HSM_LOOKUP_BATCH_MAX)
        return read == 0 ? ERR_MALFORMED : ERR_TOO_LARGE;
    *count = read;
    return ERR_OK;
}

void hsm_wire_put_lookup(struct buffer *target, const struct hsm_lookup *question) {
    if (question->count > HSM_LOOKUP_BATCH_MAX) {
        refuse(target, ERR_TOO_LARGE);
        return;
    }
    buffer_u16(target, (uint16_t)question->count);
    buffer_raw(target, question->id_hash, question->count * sizeof question->id_hash[0]);
}

enum err hsm_wire_get_lookup(struct bytes payload, struct hsm_lookup *question) {
    struct cursor cursor = cursor_over(payload);
    ERR_TRY(get_count(&cursor, &question->count));
    cursor_copy(&cursor, question->id_hash, question->count * sizeof question->id_hash[0]);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        question->count = 0;
    return err;
}

void hsm_wire_put_looked_up(struct buffer *target, const struct hsm_looked_up *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    if (answer->count > HSM_LOOKUP_BATCH_MAX) {
        refuse(target, ERR_TOO_LARGE);
        return;
    }
    buffer_u16(target, (uint16_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        put_keys(target, &answer->lookup[i]);
}

/* What was asked for has a key in each row. */
static enum err get_rows(struct cursor *cursor, struct hsm_looked_up *answer) {
    size_t count;
    ERR_TRY(get_count(cursor, &count));
    for (size_t i = 0; i < count; i++) {
        ERR_TRY(get_keys(cursor, &answer->lookup[i]));
        if (answer->lookup[i].count == 0)
            return ERR_MALFORMED;
    }
    ERR_TRY(cursor_end(cursor));
    answer->count = count;
    return ERR_OK;
}

enum err hsm_wire_get_looked_up(struct bytes payload, struct hsm_looked_up *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    answer->count = 0;
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    return more ? get_rows(&cursor, answer) : cursor_end(&cursor);
}
