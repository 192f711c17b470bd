#include <string.h>

#include "authd/store/journal_record.h"

#define LENGTH_BYTES 4
#define CHECK_BYTES  8

void journal_record_put(struct buffer *target, const struct journal_record *record,
                        uint8_t leaf[static MERKLE_HASH_BYTES]) {
    size_t start = target->len;
    buffer_u32(target, (uint32_t)(JOURNAL_RECORD_OVERHEAD + record->payload.len));
    buffer_u64(target, record->sequence);
    buffer_i64(target, record->wall_ms);
    buffer_u16(target, (uint16_t)record->kind);
    buffer_u16(target, record->place);
    buffer_raw(target, record->payload.data, record->payload.len);
    merkle_leaf(bytes_of(target->data + start, target->len - start), leaf);
    buffer_raw(target, leaf, CHECK_BYTES);
}

enum err journal_record_get(struct bytes window, struct journal_record *record,
                            uint8_t leaf[static MERKLE_HASH_BYTES], size_t *len) {
    struct cursor cursor = cursor_over(window);
    size_t length = cursor_u32(&cursor);
    if (cursor.err != ERR_OK || length == 0)
        return ERR_NOT_FOUND;
    if (length < JOURNAL_RECORD_OVERHEAD || length > JOURNAL_RECORD_MAX || length > window.len)
        return ERR_CORRUPT;
    record->sequence = cursor_u64(&cursor);
    record->wall_ms = cursor_i64(&cursor);
    uint16_t kind = cursor_u16(&cursor);
    record->place = cursor_u16(&cursor);
    record->payload = cursor_take(&cursor, length - JOURNAL_RECORD_OVERHEAD);
    struct bytes check = cursor_take(&cursor, CHECK_BYTES);
    if (cursor.err != ERR_OK || kind < JOURNAL_REQUEST || kind > JOURNAL_EVENT)
        return ERR_CORRUPT;
    record->kind = (enum journal_kind)kind;
    merkle_leaf(bytes_of(window.data, length - CHECK_BYTES), leaf);
    *len = length;
    return memcmp(leaf, check.data, CHECK_BYTES) == 0 ? ERR_OK : ERR_CORRUPT;
}
