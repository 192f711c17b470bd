#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/kv.h"
#include "hsm/keyring_table.h"

#define MAP_BYTES       (16u * 1024u * 1024u)
#define GENERATION_LAST UINT16_MAX

static const char *const tables[KEYRING_TABLES] = {
    [KEYRING_KEYS] = "keys",
    [KEYRING_FACTS] = "facts",
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
        .table_count = KEYRING_TABLES,
        .read_only = !writer,
        .file_mode = 0600,
        .drops_dead_readers = writer,
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

struct bytes keyring_name_of(const char *fact, enum hsm_purpose purpose,
                             uint8_t memory[static KEYRING_NAME_MAX]) {
    struct buffer name = buffer_over(memory, KEYRING_NAME_MAX);
    buffer_raw(&name, fact, strlen(fact));
    buffer_u8(&name, (uint8_t)purpose);
    return bytes_of(memory, name.len);
}

enum err keyring_get_row(struct kv_txn *txn, enum hsm_purpose purpose, uint16_t generation,
                         struct keyring_row *row) {
    uint8_t memory[KEYRING_ROW_KEY_BYTES];
    struct bytes key = keyring_row_key(purpose, generation, memory), value;
    ERR_TRY(kv_get(txn, KEYRING_KEYS, key, &value));
    return keyring_row_decode(key, value, row);
}

void keyring_put_row(struct kv_txn *txn, const struct keyring_row *row) {
    uint8_t key[KEYRING_ROW_KEY_BYTES], value[KEYRING_ROW_BYTES_MAX];
    struct buffer target = buffer_over(value, sizeof value);
    enum err err = keyring_row_encode(row, &target);
    if (err == ERR_OK)
        kv_put(txn, KEYRING_KEYS, keyring_row_key(row->purpose, row->generation, key),
               bytes_of(value, target.len));
    else if (txn->err == ERR_OK)
        txn->err = err;
}

enum err keyring_get_number(struct kv_txn *txn, struct bytes name, uint64_t *number) {
    struct bytes value;
    *number = 0;
    enum err err = kv_get(txn, KEYRING_FACTS, name, &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    struct cursor cursor = cursor_over(value);
    *number = cursor_u64(&cursor);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

void keyring_put_number(struct kv_txn *txn, struct bytes name, uint64_t number) {
    uint8_t value[8];
    struct buffer target = buffer_over(value, sizeof value);
    buffer_u64(&target, number);
    kv_put(txn, KEYRING_FACTS, name, bytes_of(value, target.len));
}

static struct bytes sequence_name(void) {
    return bytes_of_text("sequence");
}

enum err keyring_end(struct kv_txn *txn) {
    uint64_t sequence;
    ERR_TRY(keyring_get_number(txn, sequence_name(), &sequence));
    keyring_put_number(txn, sequence_name(), sequence + 1);
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
    ERR_TRY(keyring_row_decode(key, value, search->row));
    if (search->row->committed != search->committed)
        return ERR_OK;
    search->found = true;
    return SEARCH_ENDED;
}

static enum err find_newest(struct kv_txn *txn, enum hsm_purpose purpose, bool committed,
                            struct keyring_row *row) {
    uint8_t prefix = (uint8_t)purpose;
    struct search search = {.committed = committed, .row = row};
    enum err err = kv_each(txn, KEYRING_KEYS, bytes_of(&prefix, 1), compare_row, &search);
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
    uint8_t memory[KEYRING_NAME_MAX];
    struct bytes counter = keyring_name_of("generation", purpose, memory);
    uint64_t last;
    enum err err = find_newest(&txn, purpose, false, row);
    if (err == ERR_OK)
        return ERR_EXISTS;
    if (err != ERR_NOT_FOUND)
        return err;
    ERR_TRY(keyring_get_number(&txn, counter, &last));
    if (last >= GENERATION_LAST)
        return ERR_FULL;
    memset(row, 0, sizeof *row);
    row->purpose = purpose;
    row->generation = (uint16_t)(last + 1);
    row->intended_ms = now_ms;
    randombytes_buf(row->id, sizeof row->id);
    keyring_put_number(&txn, counter, last + 1);
    keyring_put_row(&txn, row);
    return kv_commit(&txn); /* not keyring_end: there is nothing to load yet */
}

enum err keyring_commit(struct keyring *keyring, const struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_row intent;
    ERR_TRY(keyring_get_row(&txn, row->purpose, row->generation, &intent));
    if (intent.committed || memcmp(intent.id, row->id, sizeof row->id) != 0)
        return ERR_NOT_FOUND;
    if (!row->committed)
        return ERR_DENIED;
    keyring_put_row(&txn, row);
    return keyring_end(&txn);
}

struct walk {
    enum err (*each)(void *context, const struct keyring_row *row);
    void *context;
};

static enum err walk_row(void *context, struct bytes key, struct bytes value) {
    const struct walk *walk = context;
    struct keyring_row row;
    ERR_TRY(keyring_row_decode(key, value, &row));
    return walk->each(walk->context, &row);
}

enum err keyring_each(struct keyring *keyring, enum hsm_purpose purpose,
                      enum err (*each)(void *context, const struct keyring_row *row),
                      void *context) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint8_t prefix = (uint8_t)purpose;
    struct walk walk = {.each = each, .context = context};
    return kv_each(&txn, KEYRING_KEYS, bytes_of(&prefix, 1), walk_row, &walk);
}

struct usable {
    enum keystate state;
    enum err (*each)(void *context, const struct keyring_row *row);
    void *context;
};

static enum err walk_usable(void *context, struct bytes key, struct bytes value) {
    const struct usable *usable = context;
    struct keyring_row row;
    ERR_TRY(keyring_row_decode(key, value, &row));
    return keyring_row_state(&row) == usable->state ? usable->each(usable->context, &row) : ERR_OK;
}

enum err keyring_each_in_use(struct keyring *keyring, enum hsm_purpose purpose, unsigned use,
                             enum err (*each)(void *context, const struct keyring_row *row),
                             void *context) {
    static const enum keystate order[] = {KEYSTATE_ACTIVE, KEYSTATE_RETIRING, KEYSTATE_PUBLISHED};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint8_t prefix = (uint8_t)purpose;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct usable usable = {.state = order[i], .each = each, .context = context};
        if ((keystate_uses(order[i]) & use) == 0)
            continue;
        ERR_TRY(kv_each(&txn, KEYRING_KEYS, bytes_of(&prefix, 1), walk_usable, &usable));
    }
    return ERR_OK;
}

struct only {
    bool found;
    struct keyring_row *row;
};

static enum err take_only(void *context, const struct keyring_row *row) {
    struct only *only = context;
    if (only->found)
        return ERR_CORRUPT;
    only->found = true;
    *only->row = *row;
    return ERR_OK;
}

enum err keyring_get_active(struct kv_txn *txn, enum hsm_purpose purpose, struct keyring_row *row) {
    uint8_t prefix = (uint8_t)purpose;
    struct only only = {.row = row};
    struct usable usable = {.state = KEYSTATE_ACTIVE, .each = take_only, .context = &only};
    ERR_TRY(kv_each(txn, KEYRING_KEYS, bytes_of(&prefix, 1), walk_usable, &usable));
    return only.found ? ERR_OK : ERR_NOT_FOUND;
}

enum err keyring_active(struct keyring *keyring, enum hsm_purpose purpose,
                        struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return keyring_get_active(&txn, purpose, row);
}

enum err keyring_find(struct keyring *keyring, enum hsm_purpose purpose, uint16_t generation,
                      struct keyring_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return keyring_get_row(&txn, purpose, generation, row);
}

#define ALL_PURPOSES (HSM_PURPOSE_BIT(HSM_PURPOSE_COUNT) - 1)

/* Whether ${find} finds a key of each of ${purposes}. */
static enum err has_each(struct kv_txn *txn, uint32_t purposes,
                         enum err (*find)(struct kv_txn *txn, enum hsm_purpose purpose,
                                          struct keyring_row *row),
                         bool *each) {
    struct keyring_row row;
    *each = true;
    for (unsigned purpose = 0; purpose < HSM_PURPOSE_COUNT && *each; purpose++) {
        if ((purposes & HSM_PURPOSE_BIT(purpose)) == 0)
            continue;
        enum err err = find(txn, (enum hsm_purpose)purpose, &row);
        *each = err == ERR_OK;
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

static enum err find_committed(struct kv_txn *txn, enum hsm_purpose purpose,
                               struct keyring_row *row) {
    return find_newest(txn, purpose, true, row);
}

enum err keyring_status(struct keyring *keyring, struct keyring_status *status) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    *status = (struct keyring_status){0};
    ERR_TRY(keyring_get_number(&txn, sequence_name(), &status->sequence));
    ERR_TRY(has_each(&txn, HSM_PURPOSES_SERVING, keyring_get_active, &status->provisioned));
    return has_each(&txn, ALL_PURPOSES, find_committed, &status->complete);
}

static enum err get_serial(struct kv_txn *txn, char serial[static TOKEN_SERIAL_SIZE]) {
    struct bytes value;
    serial[0] = '\0';
    enum err err = kv_get(txn, KEYRING_FACTS, bytes_of_text("serial"), &value);
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
    kv_put(&txn, KEYRING_FACTS, bytes_of_text("serial"), bytes_of_text(serial));
    return kv_commit(&txn);
}

static enum err get_mark(struct kv_txn *txn, struct hsm_mark *mark) {
    struct bytes value;
    *mark = (struct hsm_mark){0};
    enum err err = kv_get(txn, KEYRING_FACTS, bytes_of_text("mark"), &value);
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
    kv_put(&txn, KEYRING_FACTS, bytes_of_text("mark"), bytes_of(value, target.len));
    return kv_commit(&txn); /* not keyring_end: the signers need not load their keys again */
}
