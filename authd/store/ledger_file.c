#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/store/ledger_file.h"

#define FORMAT        1
#define FILE_MODE     0600
#define MAP_BYTES     ((size_t)16 << 30)
#define CHECK_BYTES   crypto_shorthash_BYTES
#define ROW_BYTES_MAX (CLOCK_BOOT_ID_BYTES + 8 + LEDGER_ROW_BODY_MAX + CHECK_BYTES)

enum table { TABLE_META, TABLE_ROWS, TABLE_USAGE = LEDGER_FILE_USAGE, TABLE_COUNT };
static const char *const tables[TABLE_COUNT] = {
    [TABLE_META] = "meta", [TABLE_ROWS] = "rows", [TABLE_USAGE] = "usage"};

enum err ledger_file_open(struct kv **file, const char *directory) {
    struct kv_options options = {.path = directory,
                                 .map_bytes = MAP_BYTES,
                                 .tables = tables,
                                 .table_count = TABLE_COUNT,
                                 .file_mode = FILE_MODE};
    return kv_open(file, &options);
}

/* Against damage alone: who can write the file can also compute it. That is what the journal's
 * signed checkpoints are for. */
static void check_of(struct bytes key, struct bytes content, uint8_t check[static CHECK_BYTES]) {
    static const uint8_t fixed[crypto_shorthash_KEYBYTES] = "idcs state check";
    uint8_t memory[LEDGER_KEY_BYTES + ROW_BYTES_MAX];
    struct buffer both = buffer_over(memory, sizeof memory);
    buffer_raw(&both, key.data, key.len);
    buffer_raw(&both, content.data, content.len);
    (void)crypto_shorthash(check, memory, both.len, fixed);
}

static void put_checked(struct kv_txn *txn, enum table table, struct bytes key,
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

static enum err check_value(struct bytes key, struct bytes value, struct cursor *content) {
    uint8_t check[CHECK_BYTES];
    if (value.len < CHECK_BYTES || value.len > ROW_BYTES_MAX || key.len > LEDGER_KEY_BYTES)
        return ERR_CORRUPT;
    *content = cursor_over(bytes_of(value.data, value.len - CHECK_BYTES));
    check_of(key, bytes_of(value.data, value.len - CHECK_BYTES), check);
    return memcmp(check, value.data + value.len - CHECK_BYTES, CHECK_BYTES) == 0 ? ERR_OK
                                                                                 : ERR_CORRUPT;
}

static enum err read_row(struct bytes key, struct bytes value, uint8_t *boot_id,
                         struct ledger_row *row) {
    struct cursor content;
    *row = (struct ledger_row){0};
    ERR_TRY(check_value(key, value, &content));
    if (key.len != sizeof row->key)
        return ERR_CORRUPT;
    memcpy(row->key, key.data, sizeof row->key);
    cursor_copy(&content, boot_id, CLOCK_BOOT_ID_BYTES);
    row->lsn = cursor_u64(&content);
    ledger_row_get(&content, row);
    return cursor_end(&content) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static void log_damage(struct bytes key) {
    char text[2 * 4 + 1] = "";
    if (key.len >= 4)
        (void)sodium_bin2hex(text, sizeof text, key.data, 4);
    log_event(LOG_ERROR, "record-corrupt", "table=state key=%s", text);
}

struct load {
    enum err (*each)(void *context, const uint8_t *boot_id, const struct ledger_row *row);
    void *context;
};

static enum err load_row(void *context, struct bytes key, struct bytes value) {
    const struct load *load = context;
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
    struct ledger_row row;
    if (read_row(key, value, boot_id, &row) != ERR_OK) {
        log_damage(key);
        return ERR_CORRUPT;
    }
    return load->each(load->context, boot_id, &row);
}

static struct bytes mark_key(void) {
    return bytes_of_text("mark");
}

static enum err load_mark(struct kv_txn *txn, struct ledger_mark *mark) {
    struct bytes value;
    struct cursor content;
    *mark = (struct ledger_mark){0};
    enum err err = kv_get(txn, TABLE_META, mark_key(), &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* a new file */
    ERR_TRY(err);
    ERR_TRY(check_value(mark_key(), value, &content));
    uint16_t format = cursor_u16(&content);
    mark->applied = cursor_u64(&content);
    mark->lsn = cursor_u64(&content);
    return cursor_end(&content) == ERR_OK && format == FORMAT ? ERR_OK : ERR_CORRUPT;
}

enum err ledger_file_load(struct kv *file, struct ledger_mark *mark,
                          enum err (*each)(void *context, const uint8_t *boot_id,
                                           const struct ledger_row *row),
                          void *context) {
    struct load load = {.each = each, .context = context};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(file);
    enum err err = load_mark(&txn, mark);
    if (err == ERR_CORRUPT)
        log_damage(mark_key());
    ERR_TRY(err);
    return kv_each(&txn, TABLE_ROWS, bytes_of(NULL, 0), load_row, &load);
}

/* Whether the row on file is as new as ${row}. A damaged one fails the transaction. */
static bool is_known(struct kv_txn *txn, const struct ledger_row *row) {
    struct bytes key = bytes_of(row->key, sizeof row->key), value;
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];
    struct ledger_row there;
    if (kv_get(txn, TABLE_ROWS, key, &value) != ERR_OK)
        return false;
    if (read_row(key, value, boot_id, &there) == ERR_OK)
        return there.lsn >= row->lsn;
    log_damage(key);
    txn->err = ERR_CORRUPT;
    return true;
}

void ledger_file_put(struct kv_txn *txn, const uint8_t *boot_id, const struct ledger_row *row) {
    uint8_t memory[ROW_BYTES_MAX];
    struct buffer content = buffer_over(memory, sizeof memory);
    buffer_raw(&content, boot_id, CLOCK_BOOT_ID_BYTES);
    buffer_u64(&content, row->lsn);
    ledger_row_put(&content, row);
    put_checked(txn, TABLE_ROWS, bytes_of(row->key, sizeof row->key), &content);
}

void ledger_file_apply(struct kv_txn *txn, const uint8_t *boot_id, const struct ledger_row *row,
                       struct ledger_time now) {
    if (is_known(txn, row))
        return;
    if (ledger_row_forgotten(row, now))
        ledger_file_remove(txn, row->key);
    else
        ledger_file_put(txn, boot_id, row);
}

void ledger_file_remove(struct kv_txn *txn, const uint8_t key[static LEDGER_KEY_BYTES]) {
    kv_delete(txn, TABLE_ROWS, bytes_of(key, LEDGER_KEY_BYTES));
}

void ledger_file_mark(struct kv_txn *txn, const struct ledger_mark *mark) {
    uint8_t memory[2 + 8 + 8 + CHECK_BYTES];
    struct buffer content = buffer_over(memory, sizeof memory);
    buffer_u16(&content, FORMAT);
    buffer_u64(&content, mark->applied);
    buffer_u64(&content, mark->lsn);
    put_checked(txn, TABLE_META, mark_key(), &content);
}
