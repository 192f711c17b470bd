#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/store/registry_row.h"

_Static_assert(ENROLLED_PLAIN_MAX >= PHOTO_BYTES_MAX && PHOTO_BYTES_MAX >= REGISTRY_PLAIN_MAX,
               "what a person has enrolled is the largest row");

struct registry_key registry_row_key(const struct bytes *parts, size_t part_count) {
    static const uint8_t between = 0;
    struct registry_key key;
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof key.hash);
    for (size_t i = 0; i < part_count; i++) {
        if (i > 0)
            (void)crypto_generichash_update(&state, &between, 1);
        (void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
    }
    (void)crypto_generichash_final(&state, key.hash, sizeof key.hash);
    return key;
}

struct registry_key registry_row_key_of_text(const char *text) {
    struct bytes part = bytes_of_text(text);
    return registry_row_key(&part, 1);
}

struct bytes registry_row_key_view(const struct registry_key *key) {
    return bytes_of(key->hash, sizeof key->hash);
}

void registry_row_close(struct registry_row *row) {
    secret_free(&row->plain);
}

static void blame(const struct registry_row *row, const char *event) {
    char key[2 * sizeof row->key_start + 1];
    (void)sodium_bin2hex(key, sizeof key, row->key_start, sizeof row->key_start);
    log_event(LOG_ERROR, event, "table=%s key=%s generation=%u", registry_tables[row->table], key,
              row->generation);
}

enum err registry_row_open(const struct registry *registry, enum registry_table table,
                           struct bytes key, struct bytes sealed, struct registry_row *row) {
    *row = (struct registry_row){.table = table, .generation = record_generation(sealed)};
    size_t start = key.len < sizeof row->key_start ? key.len : sizeof row->key_start;
    memcpy(row->key_start, key.data, start);
    uint64_t version;
    enum err err = record_open(registry->record_keys, table, key, sealed, &row->plain, &version);
    if (err == ERR_CORRUPT)
        blame(row, "record-corrupt");
    if (err != ERR_NOT_FOUND)
        return err;
    /* Not "no such row": nobody may take a person we cannot read for one we do not know. */
    blame(row, "record-generation-not-open");
    return ERR_UNAVAILABLE;
}

enum err registry_row_find(const struct registry *registry, struct kv_txn *txn,
                           enum registry_table table, struct bytes key, struct registry_row *row) {
    struct bytes sealed;
    ERR_TRY(kv_get(txn, table, key, &sealed));
    return registry_row_open(registry, table, key, sealed, row);
}

enum err registry_row_read(const struct registry *registry, enum registry_table table,
                           struct bytes key, struct registry_row *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return registry_row_find(registry, &txn, table, key, row);
}

enum err registry_row_judge(const struct registry_row *row, enum err decoded) {
    if (decoded == ERR_CORRUPT)
        blame(row, "record-corrupt");
    return decoded;
}

void registry_row_stick(struct registry_batch *batch, enum err err) {
    if (batch->txn.err == ERR_OK)
        batch->txn.err = err;
}

static size_t plain_most(enum registry_table table) {
    switch (table) {
    case REGISTRY_PHOTOS:
        return PHOTO_BYTES_MAX;
    case REGISTRY_BIOMETRICS:
        return ENROLLED_PLAIN_MAX;
    default:
        return REGISTRY_PLAIN_MAX;
    }
}

void registry_row_put(struct registry_batch *batch, enum registry_table table, struct bytes key,
                      struct bytes plain, uint16_t *generation) {
    uint8_t memory[ENROLLED_PLAIN_MAX + RECORD_OVERHEAD];
    struct buffer target = buffer_over(memory, plain_most(table) + RECORD_OVERHEAD);
    struct bytes sealed = {0};
    registry_row_stick(batch, record_seal(batch->registry->record_keys, table, key, batch->sequence,
                                          plain, &target));
    registry_row_stick(batch, buffer_end(&target, &sealed));
    kv_put(&batch->txn, table, key, sealed);
    if (generation != NULL)
        *generation = record_generation(sealed);
}
