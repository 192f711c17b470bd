#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/kv.h"
#include "hsm/keyring.h"

#define MAP_BYTES       (16u * 1024u * 1024u)
#define ROW_FORMAT      1
#define ROW_BYTES_MAX   (KEYRING_CERTIFICATE_MAX + HSM_WRAPPED_BYTES + 128)
#define KEY_BYTES       3
#define GENERATION_LAST UINT16_MAX

enum table { TABLE_KEYS, TABLE_FACTS, TABLE_COUNT };
static const char *const tables[TABLE_COUNT] = {
    [TABLE_KEYS] = "keys",   /* purpose ‖ inverted generation → row: the newest comes first */
    [TABLE_FACTS] = "facts", /* "sequence", "serial", "mark", "generation" ‖ purpose */
};

struct keyring {
    struct kv *kv;
};

enum err keyring_open(struct keyring **keyring, const char *directory, bool writer) {
    *keyring = NULL;
    struct keyring *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    struct kv_options options = {
        .path = directory,
        .map_bytes = MAP_BYTES,
        .tables = tables,
        .table_count = TABLE_COUNT,
        .read_only = !writer,
        .file_mode = 0600,
    };
    enum err err = kv_open(&made->kv, &options);
    if (err != ERR_OK) {
        free(made);
        return err;
    }
    *keyring = made;
    return ERR_OK;
}

void keyring_close(struct keyring *keyring) {
    if (keyring == NULL)
        return;
    kv_close(keyring->kv);
    free(keyring);
}

static struct bytes row_key(enum hsm_purpose purpose, uint16_t generation,
                            uint8_t key[static KEY_BYTES]) {
    struct buffer target = buffer_over(key, KEY_BYTES);
    buffer_u8(&target, (uint8_t)purpose);
    buffer_u16(&target, (uint16_t)(UINT16_MAX - generation));
    return bytes_of(key, target.len);
}

static enum err encode_row(const struct keyring_row *row, struct buffer *target,
                           struct bytes *written) {
    buffer_u8(target, ROW_FORMAT);
    buffer_bool(target, row->committed);
    buffer_raw(target, row->id, sizeof row->id);
    buffer_i64(target, row->generated_ms);
    buffer_i64(target, row->published_ms);
    buffer_i64(target, row->active_ms);
    buffer_block(target, bytes_of(row->certificate, row->certificate_len));
    buffer_block(target, bytes_of(row->wrapped, row->has_wrapped ? sizeof row->wrapped : 0));
    return buffer_end(target, written);
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

static enum err decode_row(struct bytes key, struct bytes value, struct keyring_row *row) {
    struct cursor cursor = cursor_over(value);
    memset(row, 0, sizeof *row);
    ERR_TRY(decode_key(key, row));
    uint8_t format = cursor_u8(&cursor);
    row->committed = cursor_bool(&cursor);
    cursor_copy(&cursor, row->id, sizeof row->id);
    row->generated_ms = cursor_i64(&cursor);
    row->published_ms = cursor_i64(&cursor);
    row->active_ms = cursor_i64(&cursor);
    struct bytes certificate = cursor_block(&cursor, sizeof row->certificate);
    struct bytes wrapped = cursor_block(&cursor, sizeof row->wrapped);
    if (cursor_end(&cursor) != ERR_OK || format != ROW_FORMAT)
        return ERR_CORRUPT;
    if (wrapped.len != 0 && wrapped.len != sizeof row->wrapped)
        return ERR_CORRUPT;
    row->certificate_len = certificate.len;
    if (certificate.len > 0)
        memcpy(row->certificate, certificate.data, certificate.len);
    row->has_wrapped = wrapped.len > 0;
    if (row->has_wrapped)
        memcpy(row->wrapped, wrapped.data, wrapped.len);
    return ERR_OK;
}

static void put_row(struct kv_txn *txn, const struct keyring_row *row) {
    uint8_t key[KEY_BYTES], value[ROW_BYTES_MAX];
    struct buffer target = buffer_over(value, sizeof value);
    struct bytes written;
    enum err err = encode_row(row, &target, &written);
    if (err == ERR_OK)
        kv_put(txn, TABLE_KEYS, row_key(row->purpose, row->generation, key), written);
    else if (txn->err == ERR_OK)
        txn->err = err;
}

/* A number of the facts; 0 when it is not there yet. */
static enum err get_number(struct kv_txn *txn, struct bytes name, uint64_t *number) {
    struct bytes value;
    *number = 0;
    enum err err = kv_get(txn, TABLE_FACTS, name, &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    struct cursor cursor = cursor_over(value);
    *number = cursor_u64(&cursor);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static void put_number(struct kv_txn *txn, struct bytes name, uint64_t number) {
    uint8_t value[8];
    struct buffer target = buffer_over(value, sizeof value);
    buffer_u64(&target, number);
    kv_put(txn, TABLE_FACTS, name, bytes_of(value, target.len));
}

static struct bytes sequence_name(void) {
    return bytes_of_text("sequence");
}

/* Ends a writing transaction with the next commit sequence. */
static enum err commit(struct kv_txn *txn) {
    uint64_t sequence;
    ERR_TRY(get_number(txn, sequence_name(), &sequence));
    put_number(txn, sequence_name(), sequence + 1);
    return kv_commit(txn);
}

struct search {
    bool committed;
    bool found;
    struct keyring_row *row;
};

#define SEARCH_ENDED ERR_AGAIN

static enum err compare_row(void *context, struct bytes key, struct bytes value) {
    struct search *search = context;
    ERR_TRY(decode_row(key, value, search->row));
    if (search->row->committed != search->committed)
        return ERR_OK;
    search->found = true;
    return SEARCH_ENDED;
}

static enum err find_newest(struct kv_txn *txn, enum hsm_purpose purpose, bool committed,
                            struct keyring_row *row) {
    uint8_t prefix = (uint8_t)purpose;
    struct search search = {.committed = committed, .row = row};
    enum err err = kv_each(txn, TABLE_KEYS, bytes_of(&prefix, 1), compare_row, &search);
    if (err == SEARCH_ENDED && search.found)
        return ERR_OK;
    return err == ERR_OK ? ERR_NOT_FOUND : err;
}

enum err keyring_newest(struct keyring *keyring, enum hsm_purpose purpose, bool committed,
                        struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return find_newest(&txn, purpose, committed, row);
}

enum err keyring_intend(struct keyring *keyring, enum hsm_purpose purpose, int64_t now_ms,
                        struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t counter[] = {'g', 'e', 'n', 'e', 'r', 'a', 't', 'i', 'o', 'n', (uint8_t)purpose};
    uint64_t last;
    enum err err = find_newest(&txn, purpose, false, row);
    if (err == ERR_OK)
        return ERR_EXISTS;
    if (err != ERR_NOT_FOUND)
        return err;
    ERR_TRY(get_number(&txn, bytes_of(counter, sizeof counter), &last));
    if (last >= GENERATION_LAST)
        return ERR_FULL;
    memset(row, 0, sizeof *row);
    row->purpose = purpose;
    row->generation = (uint16_t)(last + 1);
    row->generated_ms = now_ms;
    randombytes_buf(row->id, sizeof row->id);
    put_number(&txn, bytes_of(counter, sizeof counter), last + 1);
    put_row(&txn, row);
    return commit(&txn);
}

enum err keyring_commit(struct keyring *keyring, const struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_row intent;
    uint8_t key[KEY_BYTES];
    struct bytes stored_key = row_key(row->purpose, row->generation, key), stored;
    ERR_TRY(kv_get(&txn, TABLE_KEYS, stored_key, &stored));
    ERR_TRY(decode_row(stored_key, stored, &intent));
    if (intent.committed || memcmp(intent.id, row->id, sizeof row->id) != 0)
        return ERR_NOT_FOUND;
    if (!row->committed || row->certificate_len > sizeof row->certificate)
        return ERR_DENIED;
    put_row(&txn, row);
    return commit(&txn);
}

struct walk {
    enum err (*each)(void *context, const struct keyring_row *row);
    void *context;
};

static enum err walk_row(void *context, struct bytes key, struct bytes value) {
    const struct walk *walk = context;
    struct keyring_row row;
    ERR_TRY(decode_row(key, value, &row));
    return walk->each(walk->context, &row);
}

enum err keyring_each(struct keyring *keyring, enum hsm_purpose purpose,
                      enum err (*each)(void *context, const struct keyring_row *row),
                      void *context) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint8_t prefix = (uint8_t)purpose;
    struct walk walk = {.each = each, .context = context};
    return kv_each(&txn, TABLE_KEYS, bytes_of(&prefix, 1), walk_row, &walk);
}

enum err keyring_status(struct keyring *keyring, struct keyring_status *status) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    struct keyring_row row;
    int purpose = 0;
    *status = (struct keyring_status){0};
    ERR_TRY(get_number(&txn, sequence_name(), &status->sequence));
    for (; purpose < HSM_PURPOSE_COUNT; purpose++) {
        enum err err = find_newest(&txn, (enum hsm_purpose)purpose, true, &row);
        if (err == ERR_NOT_FOUND)
            break;
        ERR_TRY(err);
    }
    status->provisioned = purpose >= HSM_PURPOSE_FIRST_OPTIONAL;
    status->complete = purpose == HSM_PURPOSE_COUNT;
    return ERR_OK;
}

static enum err get_serial(struct kv_txn *txn, char serial[static TOKEN_SERIAL_SIZE]) {
    struct bytes value;
    serial[0] = '\0';
    enum err err = kv_get(txn, TABLE_FACTS, bytes_of_text("serial"), &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    return bytes_to_text(value, serial, TOKEN_SERIAL_SIZE) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err keyring_serial(struct keyring *keyring, char serial[static TOKEN_SERIAL_SIZE]) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return get_serial(&txn, serial);
}

enum err keyring_bind(struct keyring *keyring, const char *serial) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    char bound[TOKEN_SERIAL_SIZE];
    ERR_TRY(get_serial(&txn, bound));
    if (bound[0] != '\0')
        return strcmp(bound, serial) == 0 ? ERR_OK : ERR_DENIED;
    kv_put(&txn, TABLE_FACTS, bytes_of_text("serial"), bytes_of_text(serial));
    return commit(&txn);
}

static enum err get_mark(struct kv_txn *txn, struct hsm_mark *mark) {
    struct bytes value;
    *mark = (struct hsm_mark){0};
    enum err err = kv_get(txn, TABLE_FACTS, bytes_of_text("mark"), &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    struct cursor cursor = cursor_over(value);
    mark->tree_size = cursor_u64(&cursor);
    mark->registry_sequence = cursor_u64(&cursor);
    mark->state_sequence = cursor_u64(&cursor);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err keyring_mark(struct keyring *keyring, struct hsm_mark *mark) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return get_mark(&txn, mark);
}

enum err keyring_raise_mark(struct keyring *keyring, const struct hsm_mark *mark) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t value[3 * sizeof(uint64_t)];
    struct buffer target = buffer_over(value, sizeof value);
    struct hsm_mark before;
    ERR_TRY(get_mark(&txn, &before));
    if (mark->tree_size < before.tree_size || mark->registry_sequence < before.registry_sequence ||
        mark->state_sequence < before.state_sequence)
        return ERR_DENIED;
    buffer_u64(&target, mark->tree_size);
    buffer_u64(&target, mark->registry_sequence);
    buffer_u64(&target, mark->state_sequence);
    kv_put(&txn, TABLE_FACTS, bytes_of_text("mark"), bytes_of(value, target.len));
    return kv_commit(&txn); /* not commit: the signers need not load their keys again */
}
