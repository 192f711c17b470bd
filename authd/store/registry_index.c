#include <string.h>

#include <sodium.h>

#include "authd/store/registry_index.h"

#define HASH_BYTES     16 /* each half of a row's key */
#define NAME_BYTES_MAX 512

_Static_assert(HASH_BYTES >= crypto_generichash_BYTES_MIN, "a hash of this length exists");

static const char *use_of(enum registry_table table) {
    return table == REGISTRY_BY_PHONE ? "index-phone" : "index-name";
}

/* The first half of the row keys of ${value}. */
static enum err hash_value(const struct record_keys *keys, uint16_t generation,
                           enum registry_table table, struct bytes value,
                           uint8_t hash[static HASH_BYTES]) {
    SECRET(key);
    ERR_TRY(record_keys_derive(keys, generation, use_of(table), &key));
    int result = crypto_generichash(hash, HASH_BYTES, value.data, value.len, key.data, key.len);
    return result == 0 ? ERR_OK : ERR_CRYPTO;
}

/* Completes a row key: the second half tells apart those who share the value. */
static enum err complete_key(const struct record_keys *keys, uint16_t generation,
                             enum registry_table table, const uint8_t *lookup_key,
                             uint8_t row_key[static 2 * HASH_BYTES]) {
    uint8_t both[HASH_BYTES + IDENTITY_LOOKUP_BYTES];
    memcpy(both, row_key, HASH_BYTES);
    memcpy(both + HASH_BYTES, lookup_key, IDENTITY_LOOKUP_BYTES);
    return hash_value(keys, generation, table, bytes_of(both, sizeof both), row_key + HASH_BYTES);
}

static void apply_row(struct registry_batch *batch, const struct registry_index_change *change,
                      enum registry_table table, struct bytes value) {
    const struct record_keys *keys = batch->registry->record_keys;
    uint8_t row_key[2 * HASH_BYTES];
    enum err err = hash_value(keys, change->generation, table, value, row_key);
    if (err == ERR_OK)
        err = complete_key(keys, change->generation, table, change->lookup_key, row_key);
    registry_row_stick(batch, err);
    if (batch->txn.err != ERR_OK)
        return;
    struct bytes key = bytes_of(row_key, sizeof row_key);
    if (change->remove)
        kv_delete(&batch->txn, table, key);
    else
        registry_row_put(batch, table, key, bytes_of(change->lookup_key, IDENTITY_LOOKUP_BYTES),
                         NULL);
}

/* Birth date and name as they are hashed: ASCII letters small, single spaces between words. */
static enum err fold_name(const struct registry_name *name, struct buffer *folded) {
    buffer_u16(folded, (uint16_t)name->birth_year);
    buffer_u8(folded, name->birth_month);
    buffer_u8(folded, name->birth_day);
    bool space = false, begun = false;
    for (size_t i = 0; i < name->full_name.len; i++) {
        uint8_t character = name->full_name.data[i];
        if (character == ' ') {
            space = begun;
            continue;
        }
        if (space)
            buffer_u8(folded, ' ');
        if (character >= 'A' && character <= 'Z')
            character = (uint8_t)(character - 'A' + 'a');
        buffer_u8(folded, character);
        space = false;
        begun = true;
    }
    return folded->err;
}

/* A name too long to be indexed is not found by name: no reason to refuse the person. */
static void apply_name(struct registry_batch *batch, const struct registry_index_change *change,
                       struct bytes full_name) {
    const struct identity *identity = change->identity;
    const struct registry_name name = {.full_name = full_name,
                                       .birth_year = identity->birth_year,
                                       .birth_month = identity->birth_month,
                                       .birth_day = identity->birth_day};
    SECRET(memory);
    registry_row_stick(batch, secret_new(&memory, NAME_BYTES_MAX));
    struct buffer folded = buffer_over(memory.data, memory.len);
    if (batch->txn.err == ERR_OK && fold_name(&name, &folded) == ERR_OK)
        apply_row(batch, change, REGISTRY_BY_NAME, bytes_of(folded.data, folded.len));
}

void registry_index_apply(struct registry_batch *batch,
                          const struct registry_index_change *change) {
    const struct identity *identity = change->identity;
    if (identity->phone[0] != '\0')
        apply_row(batch, change, REGISTRY_BY_PHONE, bytes_of_text(identity->phone));
    for (size_t i = 0; i < identity->attribute_count && identity->birth_year != 0; i++)
        if (bytes_equal_text(identity->attributes[i].name, "fullName"))
            apply_name(batch, change, identity->attributes[i].value);
}

struct visit {
    const struct registry *registry;
    enum registry_table table;
    uint8_t (*lookup_keys)[IDENTITY_LOOKUP_BYTES];
    size_t most, count;
};

static enum err visit_row(void *context, struct bytes key, struct bytes sealed) {
    struct visit *visit = context;
    REGISTRY_ROW(row);
    if (visit->count == visit->most)
        return ERR_FULL;
    ERR_TRY(registry_row_open(visit->registry, visit->table, key, sealed, &row));
    if (row.plain.len != IDENTITY_LOOKUP_BYTES)
        return registry_row_judge(&row, ERR_CORRUPT);
    memcpy(visit->lookup_keys[visit->count++], row.plain.data, IDENTITY_LOOKUP_BYTES);
    return ERR_OK;
}

/* Identities are sealed again lazily, so a person's row may be under any generation that is open.
 */
static enum err look_up(struct visit *visit, struct bytes value) {
    uint16_t newest;
    ERR_TRY(record_keys_newest(visit->registry->record_keys, &newest));
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(visit->registry->kv);
    for (uint16_t generation = newest; generation > 0; generation--) {
        uint8_t hash[HASH_BYTES];
        enum err err =
            hash_value(visit->registry->record_keys, generation, visit->table, value, hash);
        if (err == ERR_NOT_FOUND)
            continue;
        ERR_TRY(err);
        ERR_TRY(kv_each(&txn, visit->table, bytes_of(hash, sizeof hash), visit_row, visit));
    }
    return visit->count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err registry_by_phone(struct registry *registry, const char *phone,
                           uint8_t (*lookup_keys)[IDENTITY_LOOKUP_BYTES], size_t most,
                           size_t *count) {
    struct visit visit = {
        .registry = registry, .table = REGISTRY_BY_PHONE, .lookup_keys = lookup_keys, .most = most};
    enum err err = look_up(&visit, bytes_of_text(phone));
    *count = err == ERR_OK ? visit.count : 0;
    return err;
}

enum err registry_by_name(struct registry *registry, const struct registry_name *name,
                          uint8_t (*lookup_keys)[IDENTITY_LOOKUP_BYTES], size_t most,
                          size_t *count) {
    *count = 0;
    struct visit visit = {
        .registry = registry, .table = REGISTRY_BY_NAME, .lookup_keys = lookup_keys, .most = most};
    SECRET(memory);
    ERR_TRY(secret_new(&memory, NAME_BYTES_MAX));
    struct buffer folded = buffer_over(memory.data, memory.len);
    if (fold_name(name, &folded) != ERR_OK)
        return ERR_NOT_FOUND;
    ERR_TRY(look_up(&visit, bytes_of(folded.data, folded.len)));
    *count = visit.count;
    return ERR_OK;
}
