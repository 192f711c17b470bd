#include <string.h>

#include "authd/store/registry_index.h"
#include "authd/store/registry_row.h"

#define DOMAIN_CHARS_MAX 64

struct registry_batch registry_begin(struct registry *registry) {
    struct registry_batch batch = {.registry = registry, .txn = kv_write(registry->kv)};
    struct bytes stored;
    enum err err = kv_get(&batch.txn, REGISTRY_META, bytes_of_text("sequence"), &stored);
    struct cursor cursor = cursor_over(stored);
    uint64_t last = err == ERR_OK ? cursor_u64(&cursor) : 0;
    if (err == ERR_OK && cursor_end(&cursor) != ERR_OK)
        registry_row_stick(&batch, ERR_CORRUPT);
    batch.sequence = last + 1;
    return batch;
}

enum err registry_commit(struct registry_batch *batch, uint64_t *sequence) {
    *sequence = 0;
    uint8_t memory[8];
    struct buffer target = buffer_over(memory, sizeof memory);
    buffer_u64(&target, batch->sequence);
    kv_put(&batch->txn, REGISTRY_META, bytes_of_text("sequence"), bytes_of(memory, sizeof memory));
    ERR_TRY(kv_commit(&batch->txn));
    *sequence = batch->sequence;
    return ERR_OK;
}

void registry_abort(struct registry_batch *batch) {
    kv_abort(&batch->txn);
}

/* Memory for the plain form of one row; an error sticks to the batch. */
static struct buffer plain_over(struct registry_batch *batch, struct secret *memory) {
    registry_row_stick(batch, secret_new(memory, REGISTRY_PLAIN_MAX));
    return buffer_over(memory->data, memory->len);
}

static void put(struct registry_batch *batch, enum registry_table table, struct bytes key,
                enum err encoded, const struct buffer *plain) {
    registry_row_stick(batch, encoded);
    if (batch->txn.err == ERR_OK)
        registry_row_put(batch, table, key, bytes_of(plain->data, plain->len), NULL);
}

void registry_put_root(struct registry_batch *batch, uint16_t generation, struct bytes wrapped) {
    const uint8_t key[] = {(uint8_t)(generation >> 8), (uint8_t)generation};
    kv_put(&batch->txn, REGISTRY_ROOTS, bytes_of(key, sizeof key), wrapped);
}

/*
 * Takes the rows that pointed to the person as she was out of the indexes. A damaged record is no
 * reason to refuse the good one that replaces it: what still points to her is only a hint.
 */
static void unindex(struct registry_batch *batch, struct bytes key) {
    REGISTRY_ROW(row);
    IDENTITY_CLEANUP struct identity *before = NULL;
    if (registry_row_find(batch->registry, &batch->txn, REGISTRY_IDENTITIES, key, &row) != ERR_OK ||
        registry_row_judge(&row, identity_decode(secret_view(&row.plain), &before)) != ERR_OK)
        return;
    struct registry_index_change change = {
        .lookup_key = key.data, .identity = before, .generation = row.generation, .remove = true};
    registry_index_apply(batch, &change);
}

void registry_put_identity(struct registry_batch *batch,
                           const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                           const struct identity *identity) {
    struct bytes key = bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    registry_row_stick(batch, identity_encode(identity, &plain));
    if (batch->txn.err != ERR_OK)
        return;
    unindex(batch, key);
    struct registry_index_change change = {.lookup_key = lookup_key, .identity = identity};
    registry_row_put(batch, REGISTRY_IDENTITIES, key, bytes_of(plain.data, plain.len),
                     &change.generation);
    if (batch->txn.err == ERR_OK)
        registry_index_apply(batch, &change);
}

void registry_put_photo(struct registry_batch *batch,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                        struct bytes photo) {
    struct bytes key = bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES);
    if (photo.len > 0)
        registry_row_stick(batch, photo_check(photo));
    if (batch->txn.err != ERR_OK)
        return;
    if (photo.len > 0)
        registry_row_put(batch, REGISTRY_PHOTOS, key, photo, NULL);
    else
        kv_delete(&batch->txn, REGISTRY_PHOTOS, key);
}

void registry_put_biometrics(struct registry_batch *batch,
                             const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                             struct bytes plain) {
    struct bytes key = bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES);
    if (plain.len > ENROLLED_PLAIN_MAX)
        registry_row_stick(batch, ERR_TOO_LARGE);
    if (batch->txn.err != ERR_OK)
        return;
    if (plain.len > 0)
        registry_row_put(batch, REGISTRY_BIOMETRICS, key, plain, NULL);
    else
        kv_delete(&batch->txn, REGISTRY_BIOMETRICS, key);
}

void registry_put_alias(struct registry_batch *batch,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                        const struct alias *alias) {
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_ALIASES, bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES),
        alias_encode(alias, &plain), &plain);
}

void registry_remove_alias(struct registry_batch *batch,
                           const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES]) {
    kv_delete(&batch->txn, REGISTRY_ALIASES, bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES));
}

void registry_put_partner(struct registry_batch *batch, const struct partner *partner) {
    struct registry_key key = registry_row_key_of_text(partner->id);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_PARTNERS, registry_row_key_view(&key), partner_encode(partner, &plain),
        &plain);
}

void registry_put_api_key(struct registry_batch *batch, const char *api_key,
                          const struct api_key *row) {
    const struct bytes parts[] = {bytes_of_text(row->partner_id), bytes_of_text(api_key)};
    struct registry_key key = registry_row_key(parts, 2);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_API_KEYS, registry_row_key_view(&key), api_key_encode(row, &plain), &plain);
}

void registry_put_jose_client(struct registry_batch *batch, const struct jose_client *client) {
    struct registry_key key = registry_row_key_of_text(client->partner_id);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_JOSE_CLIENTS, registry_row_key_view(&key),
        jose_client_encode(client, &plain), &plain);
}

void registry_remove_jose_client(struct registry_batch *batch, const char *partner_id) {
    struct registry_key key = registry_row_key_of_text(partner_id);
    kv_delete(&batch->txn, REGISTRY_JOSE_CLIENTS, registry_row_key_view(&key));
}

void registry_put_policy(struct registry_batch *batch, const struct policy *policy) {
    struct registry_key key = registry_row_key_of_text(policy->id);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_POLICIES, registry_row_key_view(&key), policy_encode(policy, &plain),
        &plain);
}

void registry_put_misp(struct registry_batch *batch, const char *licence_key,
                       const struct misp *misp) {
    struct registry_key key = registry_row_key_of_text(licence_key);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_MISPS, registry_row_key_view(&key), misp_encode(misp, &plain), &plain);
}

#define ANCHOR_KEY_MAX (DOMAIN_CHARS_MAX + 1 + 32)

static struct bytes anchor_key(struct registry_batch *batch, const char *domain,
                               const uint8_t thumbprint[static 32],
                               uint8_t memory[static ANCHOR_KEY_MAX]) {
    struct buffer target = buffer_over(memory, ANCHOR_KEY_MAX);
    struct bytes key = {0};
    buffer_raw(&target, domain, strlen(domain) + 1);
    buffer_raw(&target, thumbprint, 32);
    registry_row_stick(batch, buffer_end(&target, &key));
    return key;
}

void registry_put_anchor(struct registry_batch *batch, const char *domain,
                         const uint8_t thumbprint[static 32], struct bytes der) {
    uint8_t memory[ANCHOR_KEY_MAX];
    struct bytes key = anchor_key(batch, domain, thumbprint, memory);
    if (batch->txn.err == ERR_OK)
        registry_row_put(batch, REGISTRY_TRUST, key, der, NULL);
}

void registry_remove_anchor(struct registry_batch *batch, const char *domain,
                            const uint8_t thumbprint[static 32]) {
    uint8_t memory[ANCHOR_KEY_MAX];
    struct bytes key = anchor_key(batch, domain, thumbprint, memory);
    if (batch->txn.err == ERR_OK)
        kv_delete(&batch->txn, REGISTRY_TRUST, key);
}

void registry_put_salt(struct registry_batch *batch, unsigned modulo, const char *salt) {
    const uint8_t key[] = {(uint8_t)(modulo >> 8), (uint8_t)modulo};
    struct bytes text = bytes_of_text(salt);
    if (modulo > UINT16_MAX || text.len >= SALT_SIZE)
        registry_row_stick(batch, ERR_TOO_LARGE);
    if (batch->txn.err == ERR_OK)
        registry_row_put(batch, REGISTRY_SALTS, bytes_of(key, sizeof key), text, NULL);
}

void registry_put_national(struct registry_batch *batch, const struct national *national) {
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_SETTINGS, bytes_of_text("national"), national_encode(national, &plain),
        &plain);
}

void registry_put_hotlisted(struct registry_batch *batch, enum hotlist_kind kind, struct bytes id,
                            const struct hotlist_entry *entry) {
    const uint8_t kind_byte = (uint8_t)kind;
    const struct bytes parts[] = {bytes_of(&kind_byte, 1), id};
    struct registry_key key = registry_row_key(parts, 2);
    SECRET(memory);
    struct buffer plain = plain_over(batch, &memory);
    put(batch, REGISTRY_HOTLIST, registry_row_key_view(&key), hotlist_entry_encode(entry, &plain),
        &plain);
}
