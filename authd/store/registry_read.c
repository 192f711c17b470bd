#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/registry_row.h"

/* Every answer starts as the refusing one: what fails on the way leaves that. */

enum err registry_identity(struct registry *registry,
                           const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                           struct identity **identity) {
    *identity = NULL;
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_IDENTITIES,
                              bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES), &row));
    return registry_row_judge(&row, identity_decode(secret_view(&row.plain), identity));
}

enum err registry_photo(struct registry *registry,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                        struct secret *photo) {
    *photo = (struct secret){0};
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_PHOTOS,
                              bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES), &row));
    enum err checked = photo_check(secret_view(&row.plain));
    ERR_TRY(registry_row_judge(&row, checked == ERR_OK ? ERR_OK : ERR_CORRUPT));
    *photo = row.plain;
    row.plain = (struct secret){0};
    return ERR_OK;
}

enum err registry_biometrics(struct registry *registry,
                             const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                             struct secret *plain) {
    *plain = (struct secret){0};
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_BIOMETRICS,
                              bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES), &row));
    *plain = row.plain;
    row.plain = (struct secret){0};
    return ERR_OK;
}

enum err registry_alias(struct registry *registry,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                        struct alias *alias) {
    *alias = (struct alias){.revoked = true};
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_ALIASES,
                              bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES), &row));
    return registry_row_judge(&row, alias_decode(secret_view(&row.plain), alias));
}

enum err registry_partner(struct registry *registry, const char *partner_id,
                          struct partner *partner) {
    *partner = (struct partner){0};
    struct registry_key key = registry_row_key_of_text(partner_id);
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_PARTNERS, registry_row_key_view(&key), &row));
    return registry_row_judge(&row, partner_decode(secret_view(&row.plain), partner));
}

enum err registry_jose_client(struct registry *registry, const char *partner_id,
                              struct jose_client *client) {
    *client = (struct jose_client){0};
    struct registry_key key = registry_row_key_of_text(partner_id);
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_JOSE_CLIENTS, registry_row_key_view(&key), &row));
    return registry_row_judge(&row, jose_client_decode(secret_view(&row.plain), client));
}

struct client_visit {
    const struct registry *registry;
    enum err (*each)(void *context, const struct jose_client *client);
    void *context;
    bool incomplete;
};

static enum err visit_client(void *context, struct bytes key, struct bytes sealed) {
    struct client_visit *visit = context;
    struct jose_client client;
    REGISTRY_ROW(row);
    enum err err = registry_row_open(visit->registry, REGISTRY_JOSE_CLIENTS, key, sealed, &row);
    if (err == ERR_OK)
        err = registry_row_judge(&row, jose_client_decode(secret_view(&row.plain), &client));
    visit->incomplete |= err == ERR_UNAVAILABLE;
    if (err == ERR_UNAVAILABLE || err == ERR_CORRUPT)
        return ERR_OK;
    ERR_TRY(err);
    return visit->each(visit->context, &client);
}

enum err registry_each_jose_client(struct registry *registry,
                                   enum err (*each)(void *context,
                                                    const struct jose_client *client),
                                   void *context) {
    struct client_visit visit = {.registry = registry, .each = each, .context = context};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    ERR_TRY(kv_each(&txn, REGISTRY_JOSE_CLIENTS, bytes_of(NULL, 0), visit_client, &visit));
    return visit.incomplete ? ERR_UNAVAILABLE : ERR_OK;
}

enum err registry_api_key(struct registry *registry, const char *partner_id, const char *api_key,
                          struct api_key *found) {
    *found = (struct api_key){0};
    const struct bytes parts[] = {bytes_of_text(partner_id), bytes_of_text(api_key)};
    struct registry_key key = registry_row_key(parts, 2);
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_API_KEYS, registry_row_key_view(&key), &row));
    return registry_row_judge(&row, api_key_decode(secret_view(&row.plain), found));
}

enum err registry_policy(struct registry *registry, const char *policy_id, struct policy *policy) {
    *policy = (struct policy){0};
    struct registry_key key = registry_row_key_of_text(policy_id);
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_POLICIES, registry_row_key_view(&key), &row));
    return registry_row_judge(&row, policy_decode(secret_view(&row.plain), policy));
}

enum err registry_misp(struct registry *registry, const char *licence_key, struct misp *misp) {
    *misp = (struct misp){0};
    struct registry_key key = registry_row_key_of_text(licence_key);
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_MISPS, registry_row_key_view(&key), &row));
    return registry_row_judge(&row, misp_decode(secret_view(&row.plain), misp));
}

enum err registry_salt(struct registry *registry, unsigned modulo, char salt[static SALT_SIZE]) {
    salt[0] = '\0';
    const uint8_t key[] = {(uint8_t)(modulo >> 8), (uint8_t)modulo};
    if (modulo > UINT16_MAX)
        return ERR_NOT_FOUND;
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_SALTS, bytes_of(key, sizeof key), &row));
    enum err decoded = bytes_to_text(secret_view(&row.plain), salt, SALT_SIZE);
    return registry_row_judge(&row, decoded == ERR_OK ? ERR_OK : ERR_CORRUPT);
}

enum err registry_national(struct registry *registry, struct national *national) {
    *national = (struct national){0};
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_read(registry, REGISTRY_SETTINGS, bytes_of_text("national"), &row));
    return registry_row_judge(&row, national_decode(secret_view(&row.plain), national));
}

struct hotlist_question {
    enum hotlist_kind kind;
    int64_t now_ms;
};

static enum err ask_hotlist(struct registry *registry, struct kv_txn *txn,
                            const struct hotlist_question *question, struct bytes id,
                            bool *blocked) {
    const uint8_t kind_byte = (uint8_t)question->kind;
    const struct bytes parts[] = {bytes_of(&kind_byte, 1), id};
    struct registry_key key = registry_row_key(parts, 2);
    struct hotlist_entry entry;
    REGISTRY_ROW(row);
    *blocked = true;
    enum err err =
        registry_row_find(registry, txn, REGISTRY_HOTLIST, registry_row_key_view(&key), &row);
    if (err == ERR_NOT_FOUND) {
        *blocked = false;
        return ERR_OK;
    }
    ERR_TRY(err);
    ERR_TRY(registry_row_judge(&row, hotlist_entry_decode(secret_view(&row.plain), &entry)));
    *blocked = entry.blocked && (entry.expires_ms == 0 || question->now_ms < entry.expires_ms);
    return ERR_OK;
}

enum err registry_hotlisted(struct registry *registry, enum hotlist_kind kind, struct bytes id,
                            int64_t now_ms, bool *blocked) {
    const struct hotlist_question question = {.kind = kind, .now_ms = now_ms};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return ask_hotlist(registry, &txn, &question, id, blocked);
}

enum err registry_person_hotlisted(struct registry *registry, const struct bytes *ids,
                                   size_t id_count, int64_t now_ms, bool *blocked) {
    const struct hotlist_question question = {.kind = HOTLIST_PERSON, .now_ms = now_ms};
    bool found = true;
    *blocked = true;
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    for (size_t i = 0; i < id_count; i++) {
        ERR_TRY(ask_hotlist(registry, &txn, &question, ids[i], &found));
        if (found)
            return ERR_OK;
    }
    *blocked = false;
    return ERR_OK;
}

struct anchor_visit {
    const struct registry *registry;
    struct buffer *memory;
    struct bytes *anchors;
    size_t most, count;
};

static enum err visit_anchor(void *context, struct bytes key, struct bytes sealed) {
    struct anchor_visit *visit = context;
    REGISTRY_ROW(row);
    if (visit->count == visit->most)
        return ERR_FULL;
    ERR_TRY(registry_row_open(visit->registry, REGISTRY_TRUST, key, sealed, &row));
    size_t start = visit->memory->len;
    buffer_raw(visit->memory, row.plain.data, row.plain.len);
    if (visit->memory->err != ERR_OK)
        return visit->memory->err;
    visit->anchors[visit->count++] = bytes_of(visit->memory->data + start, row.plain.len);
    return ERR_OK;
}

enum err registry_anchors(struct registry *registry, const char *domain, struct buffer *memory,
                          struct bytes *anchors, size_t most, size_t *count) {
    *count = 0;
    struct anchor_visit visit = {
        .registry = registry, .memory = memory, .anchors = anchors, .most = most};
    /* The prefix ends with the zero between domain and thumbprint: "AUTH" is not "AUTHORITY". */
    struct bytes prefix = bytes_of(domain, strlen(domain) + 1);
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    ERR_TRY(kv_each(&txn, REGISTRY_TRUST, prefix, visit_anchor, &visit));
    *count = visit.count;
    return ERR_OK;
}
