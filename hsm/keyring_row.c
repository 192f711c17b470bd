#include <string.h>

#include <sodium.h>

#include "hsm/keyring_row.h"

#define FORMAT_ACTIVE 1 /* three dates: every key was active from the first moment */
#define FORMAT_LIFE   2 /* the KEK had no successor yet */
#define FORMAT_WRAP   3

#define FIRST_KEK 1

/* What officers have said of a key. */
#define GRANTED  1u
#define RELEASED 2u

struct bytes keyring_row_certificate(const struct keyring_row *row) {
    return bytes_of(row->certificate, row->certificate_len);
}

enum keyring_custody keyring_row_custody(const struct keyring_row *row) {
    return row->sealed_len > 0 ? KEYRING_CUSTODY_WRAPPED : KEYRING_CUSTODY_TOKEN;
}

void keyring_row_clear(struct keyring_row *row) {
    row->has_wrapped = false;
    row->wrapped_by = 0;
    row->sealed_len = 0;
    sodium_memzero(row->wrapped, sizeof row->wrapped);
    sodium_memzero(row->sealed, sizeof row->sealed);
}

enum keystate keyring_row_state(const struct keyring_row *row) {
    enum keystate state;
    if (!row->committed || keystate_of(&row->life, &state) != ERR_OK)
        return KEYSTATE_COUNT;
    return state;
}

struct bytes keyring_row_key(enum hsm_purpose purpose, uint16_t generation,
                             uint8_t key[static KEYRING_ROW_KEY_BYTES]) {
    struct buffer target = buffer_over(key, KEYRING_ROW_KEY_BYTES);
    buffer_u8(&target, (uint8_t)purpose);
    buffer_u16(&target, (uint16_t)(UINT16_MAX - generation));
    return bytes_of(key, target.len);
}

/* Which dates there are, as bits, then these. */
static void put_life(struct buffer *target, const struct keystate_key *life) {
    uint8_t set = 0;
    for (int state = 0; state < KEYSTATE_COUNT; state++)
        set |= (uint8_t)(life->came[state].is_set ? 1u << state : 0);
    buffer_u8(target, set);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        if (!life->came[state].is_set)
            continue;
        buffer_i64(target, life->came[state].wall_ms);
        buffer_i64(target, life->came[state].run_ms);
    }
    buffer_bool(target, life->held);
    buffer_u8(target, (uint8_t)((life->granted ? GRANTED : 0) | (life->released ? RELEASED : 0)));
}

static void get_life(struct cursor *cursor, struct keystate_key *life) {
    uint8_t set = cursor_u8(cursor);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        if ((set & (1u << state)) == 0)
            continue;
        life->came[state].is_set = true;
        life->came[state].wall_ms = cursor_i64(cursor);
        life->came[state].run_ms = cursor_i64(cursor);
    }
    life->held = cursor_bool(cursor);
    uint8_t said = cursor_u8(cursor);
    life->granted = (said & GRANTED) != 0;
    life->released = (said & RELEASED) != 0;
    bool is_known = set >> KEYSTATE_COUNT == 0 && (said & ~(GRANTED | RELEASED)) == 0;
    if (!is_known && cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
}

/* The run clock began with the newer format, so that these keys came before it did. */
static void get_three_dates(struct cursor *cursor, struct keystate_key *life) {
    static const enum keystate states[] = {KEYSTATE_GENERATED, KEYSTATE_PUBLISHED, KEYSTATE_ACTIVE};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        int64_t wall_ms = cursor_i64(cursor);
        life->came[states[i]] = (struct keystate_moment){.is_set = true, .wall_ms = wall_ms};
    }
}

/* What is wrapped has somebody who wrapped it, and what is sealed a secret that seals it. */
static bool is_wrap(const struct keyring_row *row) {
    return row->has_wrapped == (row->wrapped_by != 0) &&
           (row->sealed_len == 0 || row->has_wrapped) && row->sealed_len <= sizeof row->sealed;
}

enum err keyring_row_encode(const struct keyring_row *row, struct buffer *target) {
    bool is_life = row->committed && row->life.generation == row->generation &&
                   keyring_row_state(row) != KEYSTATE_COUNT;
    if (row->committed && !is_life)
        return ERR_DENIED;
    if (row->certificate_len > sizeof row->certificate || !is_wrap(row))
        return ERR_DENIED;
    buffer_u8(target, FORMAT_WRAP);
    buffer_bool(target, row->committed);
    buffer_raw(target, row->id, sizeof row->id);
    buffer_i64(target, row->intended_ms);
    put_life(target, &row->life);
    buffer_block(target, keyring_row_certificate(row));
    buffer_block(target, bytes_of(row->wrapped, row->has_wrapped ? sizeof row->wrapped : 0));
    buffer_u16(target, row->wrapped_by);
    buffer_block(target, bytes_of(row->sealed, row->sealed_len));
    return target->err;
}

static enum err decode_key(struct bytes key, struct keyring_row *row) {
    struct cursor cursor = cursor_over(key);
    uint8_t purpose = cursor_u8(&cursor);
    row->generation = (uint16_t)(UINT16_MAX - cursor_u16(&cursor));
    if (cursor_end(&cursor) != ERR_OK || purpose >= HSM_PURPOSE_COUNT)
        return ERR_CORRUPT;
    row->purpose = (enum hsm_purpose)purpose;
    return ERR_OK;
}

static enum err take_dates(struct cursor *cursor, uint8_t format, struct keyring_row *row) {
    struct keystate_key life = {.generation = row->generation};
    if (format == FORMAT_WRAP || format == FORMAT_LIFE) {
        row->intended_ms = cursor_i64(cursor);
        get_life(cursor, &life);
    } else if (format == FORMAT_ACTIVE) {
        get_three_dates(cursor, &life);
        row->intended_ms = life.came[KEYSTATE_GENERATED].wall_ms;
    } else {
        return ERR_CORRUPT;
    }
    if (row->committed)
        row->life = life;
    return cursor->err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* The certificate, and what is wrapped and sealed. */
static enum err take_material(struct cursor *cursor, uint8_t format, struct keyring_row *row) {
    struct bytes certificate = cursor_block(cursor, sizeof row->certificate);
    struct bytes wrapped = cursor_block(cursor, sizeof row->wrapped);
    struct bytes sealed = {0};
    row->wrapped_by = wrapped.len > 0 ? FIRST_KEK : 0;
    if (format == FORMAT_WRAP) {
        row->wrapped_by = cursor_u16(cursor);
        sealed = cursor_block(cursor, sizeof row->sealed);
    }
    if (cursor_end(cursor) != ERR_OK || (wrapped.len != 0 && wrapped.len != sizeof row->wrapped))
        return ERR_CORRUPT;
    row->certificate_len = certificate.len;
    row->has_wrapped = wrapped.len > 0;
    row->sealed_len = sealed.len;
    if (certificate.len > 0)
        memcpy(row->certificate, certificate.data, certificate.len);
    if (wrapped.len > 0)
        memcpy(row->wrapped, wrapped.data, wrapped.len);
    if (sealed.len > 0)
        memcpy(row->sealed, sealed.data, sealed.len);
    return is_wrap(row) ? ERR_OK : ERR_CORRUPT;
}

enum err keyring_row_decode(struct bytes key, struct bytes value, struct keyring_row *row) {
    struct cursor cursor = cursor_over(value);
    memset(row, 0, sizeof *row);
    ERR_TRY(decode_key(key, row));
    uint8_t format = cursor_u8(&cursor);
    row->committed = cursor_bool(&cursor);
    cursor_copy(&cursor, row->id, sizeof row->id);
    ERR_TRY(take_dates(&cursor, format, row));
    ERR_TRY(take_material(&cursor, format, row));
    return row->committed && keyring_row_state(row) == KEYSTATE_COUNT ? ERR_CORRUPT : ERR_OK;
}
