#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/bytes.h"
#include "firmware/base/log.h"
#include "hsm/wire.h"
#include "authd/store/key_usage_file.h"
#include "authd/store/key_usage_state.h"

#define FORMAT         1
#define SETTLE_MS      60000
#define SETTLE_ROWS    512 /* at a time: the journal's next batch waits */
#define CHECK_BYTES    crypto_shorthash_BYTES
#define NAME_BYTES_MAX (2 + 2 + 4 + PROGRAMME_ID_SIZE + KEY_USAGE_TERMINAL_BYTES)
#define VALUE_BYTES_MAX                                                                            \
    (4 + KEY_USAGE_NAME_SIZE + 8 + 4 * (KEY_USAGE_HOURS + KEY_USAGE_DAYS) + CHECK_BYTES)

/* The row that is no programme's: its name is shorter than any of theirs. */
static struct bytes mark_key(void) {
    return bytes_of_text("m");
}

/* ---- rows ---- */

/* Against damage alone. */
static void check_of(struct bytes key, struct bytes content, uint8_t check[static CHECK_BYTES]) {
    static const uint8_t fixed[crypto_shorthash_KEYBYTES] = "idcs usage check";
    uint8_t memory[NAME_BYTES_MAX + VALUE_BYTES_MAX];
    struct buffer both = buffer_over(memory, sizeof memory);
    buffer_raw(&both, key.data, key.len);
    buffer_raw(&both, content.data, content.len);
    (void)crypto_shorthash(check, memory, both.len, fixed);
}

static void put_checked(struct kv_txn *txn, unsigned table, struct bytes key,
                        struct buffer *content) {
    uint8_t check[CHECK_BYTES];
    struct bytes value;
    check_of(key, bytes_of(content->data, content->len), check);
    buffer_raw(content, check, sizeof check);
    enum err err = buffer_end(content, &value);
    if (txn->err == ERR_OK)
        txn->err = err;
    kv_put(txn, table, key, value);
}

static enum err get_checked(struct bytes key, struct bytes value, struct cursor *content) {
    uint8_t check[CHECK_BYTES];
    if (value.len < CHECK_BYTES || value.len > VALUE_BYTES_MAX || key.len > NAME_BYTES_MAX)
        return ERR_CORRUPT;
    struct bytes body = bytes_of(value.data, value.len - CHECK_BYTES);
    check_of(key, body, check);
    *content = cursor_over(body);
    return memcmp(check, body.data + body.len, CHECK_BYTES) == 0 ? ERR_OK : ERR_CORRUPT;
}

static struct bytes name_key(const struct key_usage_name *name,
                             uint8_t memory[static NAME_BYTES_MAX]) {
    struct buffer key = buffer_over(memory, NAME_BYTES_MAX);
    buffer_u8(&key, name->kind);
    buffer_u8(&key, name->purpose);
    buffer_u16(&key, name->generation);
    buffer_text(&key, name->programme);
    buffer_raw(&key, name->terminal, sizeof name->terminal);
    return bytes_of(memory, key.len);
}

static enum err read_name(struct bytes key, struct key_usage_name *name) {
    struct cursor cursor = cursor_over(key);
    *name = (struct key_usage_name){0};
    name->kind = cursor_u8(&cursor);
    name->purpose = cursor_u8(&cursor);
    name->generation = cursor_u16(&cursor);
    cursor_text(&cursor, name->programme, sizeof name->programme);
    cursor_copy(&cursor, name->terminal, sizeof name->terminal);
    bool is_kind = name->kind >= KEY_USAGE_ALL && name->kind < KEY_USAGE_KINDS;
    return cursor_end(&cursor) == ERR_OK && is_kind && name->purpose < HSM_PURPOSE_COUNT
               ? ERR_OK
               : ERR_CORRUPT;
}

static void put_row(struct kv_txn *txn, unsigned table, const struct key_usage_row *row) {
    uint8_t name[NAME_BYTES_MAX], memory[VALUE_BYTES_MAX];
    struct buffer content = buffer_over(memory, sizeof memory);
    buffer_text(&content, row->terminal_name);
    buffer_i64(&content, row->hour);
    for (size_t i = 0; i < KEY_USAGE_HOURS; i++)
        buffer_u32(&content, row->hours[i]);
    for (size_t i = 0; i < KEY_USAGE_DAYS; i++)
        buffer_u32(&content, row->days[i]);
    put_checked(txn, table, name_key(&row->name, name), &content);
}

static enum err read_row(struct bytes key, struct bytes value, struct key_usage_row *row) {
    struct cursor content;
    *row = (struct key_usage_row){0};
    ERR_TRY(get_checked(key, value, &content));
    ERR_TRY(read_name(key, &row->name));
    cursor_text(&content, row->terminal_name, sizeof row->terminal_name);
    row->hour = cursor_i64(&content);
    for (size_t i = 0; i < KEY_USAGE_HOURS; i++)
        row->hours[i] = cursor_u32(&content);
    for (size_t i = 0; i < KEY_USAGE_DAYS; i++)
        row->days[i] = cursor_u32(&content);
    return cursor_end(&content) == ERR_OK && row->hour >= 0 ? ERR_OK : ERR_CORRUPT;
}

/* ---- the mark: since when, and for how long ---- */

static void put_mark(struct kv_txn *txn, unsigned table, const struct key_usage *usage,
                     uint64_t uncounted, int64_t boot_ms) {
    uint8_t memory[VALUE_BYTES_MAX];
    struct buffer content = buffer_over(memory, sizeof memory);
    buffer_u16(&content, FORMAT);
    buffer_i64(&content, usage->hour_ms);
    buffer_i64(&content, usage->since_wall_ms);
    buffer_i64(&content, boot_ms + usage->offset_ms);
    buffer_u64(&content, uncounted);
    put_checked(txn, table, mark_key(), &content);
}

/* ERR_CORRUPT also for counters that were kept in hours of another length. */
static enum err read_mark(struct bytes value, struct key_usage *usage, int64_t boot_ms) {
    struct cursor content;
    ERR_TRY(get_checked(mark_key(), value, &content));
    uint16_t format = cursor_u16(&content);
    int64_t hour_ms = cursor_i64(&content), since_wall_ms = cursor_i64(&content),
            counted_ms = cursor_i64(&content);
    uint64_t uncounted = cursor_u64(&content);
    if (cursor_end(&content) != ERR_OK || format != FORMAT || hour_ms != usage->hour_ms ||
        counted_ms < 0)
        return ERR_CORRUPT;
    usage->since_wall_ms = since_wall_ms;
    usage->offset_ms = counted_ms - boot_ms;
    usage->uncounted = uncounted;
    return ERR_OK;
}

/* ---- at the start ---- */

static enum err load_row(void *context, struct bytes key, struct bytes value) {
    struct key_usage *usage = context;
    struct key_usage_row row;
    if (bytes_equal(key, mark_key()))
        return ERR_OK;
    ERR_TRY(read_row(key, value, &row));
    struct key_usage_row *added = key_usage_add(usage, &row.name, row.hour);
    if (added == NULL)
        return ERR_FULL; /* the bound is lower than it was */
    *added = row;
    return ERR_OK;
}

static enum err load(struct key_usage *usage, struct kv *file, unsigned table, int64_t boot_ms) {
    struct bytes value;
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(file);
    ERR_TRY(kv_get(&txn, table, mark_key(), &value));
    ERR_TRY(read_mark(value, usage, boot_ms));
    return kv_each(&txn, table, bytes_of(NULL, 0), load_row, usage);
}

static enum err remove_row(void *context, struct bytes key, struct bytes value) {
    struct buffer *keys = context;
    (void)value;
    buffer_block(keys, key);
    return keys->err;
}

/* Empties the table, a part at a time. */
static enum err clear(struct kv *file, unsigned table) {
    static uint8_t memory[64 * 1024];
    uint64_t left = 1;
    while (left > 0) {
        KV_TXN_CLEANUP struct kv_txn txn = kv_write(file);
        struct buffer keys = buffer_over(memory, sizeof memory);
        enum err err = kv_each(&txn, table, bytes_of(NULL, 0), remove_row, &keys);
        if (err != ERR_OK && keys.err == ERR_OK)
            return err;
        struct cursor cursor = cursor_over(bytes_of(memory, keys.len));
        for (struct bytes key = cursor_block(&cursor, NAME_BYTES_MAX); key.len > 0;
             key = cursor_block(&cursor, NAME_BYTES_MAX))
            kv_delete(&txn, table, key);
        left = kv_count(&txn, table);
        ERR_TRY(kv_commit(&txn));
    }
    return ERR_OK;
}

enum err key_usage_file_load(struct key_usage *usage, struct kv *file, unsigned table,
                             int64_t boot_ms) {
    int64_t since_wall_ms = usage->since_wall_ms;
    enum err err = load(usage, file, table, boot_ms);
    if (err != ERR_OK) {
        usage->count = 0;
        usage->since_wall_ms = since_wall_ms;
        usage->offset_ms = -boot_ms;
        usage->uncounted = 0;
    }
    key_usage_index(usage);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_CORRUPT && err != ERR_FULL)
        return err;
    log_event(LOG_WARNING, "key-usage-anew", "reason=%s", err_text(err));
    return clear(file, table);
}

/* ---- behind the counting ---- */

struct saving {
    size_t row_count, removed_count;
    uint64_t uncounted;
    struct key_usage_row rows[SETTLE_ROWS];
    struct key_usage_name removed[SETTLE_ROWS];
};

/* Takes the next rows that have changed; false: there are no more. Under the lock. */
static bool take(struct key_usage *usage, struct saving *saving) {
    for (; usage->save_at < usage->count; usage->save_at++) {
        struct key_usage_row *row = &usage->rows[usage->save_at];
        if (!row->unsaved)
            continue;
        if (saving->row_count == SETTLE_ROWS)
            return true;
        row->unsaved = false;
        saving->rows[saving->row_count++] = *row;
    }
    return false;
}

static enum err write_part(const struct key_usage *usage, struct kv *file, unsigned table,
                           const struct saving *saving, int64_t boot_ms) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(file);
    for (size_t i = 0; i < saving->row_count; i++)
        put_row(&txn, table, &saving->rows[i]);
    for (size_t i = 0; i < saving->removed_count; i++) {
        uint8_t name[NAME_BYTES_MAX];
        kv_delete(&txn, table, name_key(&saving->removed[i], name));
    }
    put_mark(&txn, table, usage, saving->uncounted, boot_ms);
    return kv_commit(&txn);
}

/* What was taken and not written is taken again. */
static void give_back(struct key_usage *usage) {
    (void)pthread_mutex_lock(&usage->lock);
    for (size_t i = 0; i < usage->count; i++)
        usage->rows[i].unsaved = true;
    (void)pthread_mutex_unlock(&usage->lock);
}

static enum err save_part(struct key_usage *usage, struct kv *file, unsigned table, int64_t boot_ms,
                          bool *has_more) {
    static struct saving saving; /* the saver's */
    saving.row_count = saving.removed_count = 0;
    (void)pthread_mutex_lock(&usage->lock);
    if (usage->save_at == 0)
        saving.removed_count =
            key_usage_sweep(usage, key_usage_hour(usage, boot_ms), saving.removed, SETTLE_ROWS);
    *has_more = take(usage, &saving);
    saving.uncounted = usage->uncounted;
    if (!*has_more)
        usage->save_at = 0;
    (void)pthread_mutex_unlock(&usage->lock);
    enum err err = write_part(usage, file, table, &saving, boot_ms);
    if (err != ERR_OK)
        give_back(usage);
    return err;
}

enum err key_usage_file_settle(struct key_usage *usage, struct kv *file, unsigned table,
                               int64_t boot_ms) {
    bool has_more = false, is_due = boot_ms - usage->saved_boot_ms >= SETTLE_MS;
    if (!is_due && usage->save_at == 0)
        return ERR_OK;
    usage->saved_boot_ms = boot_ms;
    return save_part(usage, file, table, boot_ms, &has_more);
}

enum err key_usage_file_save(struct key_usage *usage, struct kv *file, unsigned table,
                             int64_t boot_ms) {
    bool has_more = true;
    while (has_more)
        ERR_TRY(save_part(usage, file, table, boot_ms, &has_more));
    return ERR_OK;
}
