#include <string.h>

#include "authd/store/ledger_effects.h"

#define LENGTH_BYTES 4

_Static_assert(LEDGER_EFFECTS_HEADER_BYTES +
                       LEDGER_OPS_MAX * (LEDGER_KEY_BYTES + LEDGER_ROW_BODY_MAX) <=
                   LEDGER_EFFECTS_MAX,
               "a claim's effects fit");

void ledger_effects_put(struct buffer *payload, struct bytes effects) {
    buffer_raw(payload, effects.data, effects.len);
    buffer_u32(payload, (uint32_t)effects.len);
}

enum err ledger_effects_of(enum journal_kind kind, struct bytes payload, struct bytes *effects) {
    *effects = bytes_of(NULL, 0);
    if (kind != JOURNAL_REQUEST && kind != JOURNAL_DELIVERY)
        return ERR_OK;
    if (payload.len < LENGTH_BYTES)
        return ERR_CORRUPT;
    size_t before = payload.len - LENGTH_BYTES;
    struct cursor cursor = cursor_over(bytes_of(payload.data + before, LENGTH_BYTES));
    uint32_t len = cursor_u32(&cursor);
    if (len > before)
        return ERR_CORRUPT;
    *effects = bytes_of(payload.data + before - len, len);
    return ERR_OK;
}

void ledger_effects_put_claim(struct buffer *effects, const uint8_t *boot_id,
                              const struct ledger_row *rows, size_t count) {
    if (count == 0)
        return;
    buffer_raw(effects, boot_id, CLOCK_BOOT_ID_BYTES);
    buffer_u64(effects, rows[0].lsn);
    buffer_u8(effects, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_raw(effects, rows[i].key, sizeof rows[i].key);
        ledger_row_put(effects, &rows[i]);
    }
}

enum err ledger_effects_each(struct bytes effects,
                             enum err (*each)(void *context, const uint8_t *boot_id,
                                              const struct ledger_row *row),
                             void *context) {
    struct cursor cursor = cursor_over(effects);
    while (cursor.err == ERR_OK && cursor.left > 0) {
        uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
        cursor_copy(&cursor, boot_id, sizeof boot_id);
        uint64_t lsn = cursor_u64(&cursor);
        uint8_t count = cursor_u8(&cursor);
        if (lsn == 0 || count == 0 || count > LEDGER_OPS_MAX)
            return ERR_CORRUPT;
        for (uint8_t i = 0; i < count; i++) {
            struct ledger_row row = {.lsn = lsn};
            cursor_copy(&cursor, row.key, sizeof row.key);
            ledger_row_get(&cursor, &row);
            if (cursor.err != ERR_OK)
                return ERR_CORRUPT;
            ERR_TRY(each(context, boot_id, &row));
        }
    }
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}
