#include <string.h>

#include "authd/store/registry_row.h"

static struct bytes key_of(const struct registry_address *address) {
    return bytes_of(address->lookup_key, sizeof address->lookup_key);
}

/* The first row among ${addresses} that is an alias, of a VID or of a UIN. */
static enum err find_alias(const struct registry *registry, struct kv_txn *txn,
                           const struct registry_address *addresses, size_t count,
                           struct alias *alias) {
    *alias = (struct alias){.revoked = true};
    for (size_t i = 0; i < count; i++) {
        REGISTRY_ROW(row);
        enum err err =
            registry_row_find(registry, txn, REGISTRY_ALIASES, key_of(&addresses[i]), &row);
        if (err == ERR_NOT_FOUND)
            continue;
        ERR_TRY(err);
        return registry_row_judge(&row, alias_decode(secret_view(&row.plain), alias));
    }
    return ERR_NOT_FOUND;
}

enum err registry_find_alias(struct registry *registry, const struct registry_address *addresses,
                             size_t count, struct alias *alias) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    ERR_TRY(find_alias(registry, &txn, addresses, count, alias));
    if (alias_is_vid(alias))
        return ERR_OK;
    *alias = (struct alias){.revoked = true};
    return ERR_NOT_FOUND;
}

/* Those whose row is under a key of a pepper that is still in use. */
static enum err find_identity(struct kv_txn *txn, const struct registry_address *addresses,
                              size_t count, uint8_t person_key[static IDENTITY_LOOKUP_BYTES]) {
    for (size_t i = 0; i < count; i++) {
        struct bytes sealed;
        enum err err = kv_get(txn, REGISTRY_IDENTITIES, key_of(&addresses[i]), &sealed);
        if (err == ERR_NOT_FOUND)
            continue;
        ERR_TRY(err);
        memcpy(person_key, addresses[i].lookup_key, IDENTITY_LOOKUP_BYTES);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

enum err registry_find_person(struct registry *registry, const struct registry_address *addresses,
                              size_t count, uint8_t person_key[static IDENTITY_LOOKUP_BYTES]) {
    struct alias alias;
    memset(person_key, 0, IDENTITY_LOOKUP_BYTES);
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    enum err err = find_alias(registry, &txn, addresses, count, &alias);
    if (err == ERR_NOT_FOUND)
        return find_identity(&txn, addresses, count, person_key);
    ERR_TRY(err);
    if (alias.type != ALIAS_UIN)
        return ERR_NOT_FOUND;
    memcpy(person_key, alias.lookup_key, IDENTITY_LOOKUP_BYTES);
    return ERR_OK;
}

struct first {
    const struct registry *registry;
    struct registry_person *person;
    bool found;
};

#define SEARCH_ENDED ERR_AGAIN

static enum err take_first(void *context, struct bytes key, struct bytes sealed) {
    struct first *first = context;
    IDENTITY_CLEANUP struct identity *identity = NULL;
    REGISTRY_ROW(row);
    if (key.len != IDENTITY_LOOKUP_BYTES)
        return ERR_CORRUPT;
    enum err err = registry_row_open(first->registry, REGISTRY_IDENTITIES, key, sealed, &row);
    if (err == ERR_OK)
        err = registry_row_judge(&row, identity_decode(secret_view(&row.plain), &identity));
    if (err != ERR_OK)
        return err == ERR_CORRUPT ? ERR_OK : err;
    memcpy(first->person->person_key, key.data, key.len);
    memcpy(first->person->uin, identity->uin, sizeof first->person->uin);
    first->found = true;
    return SEARCH_ENDED;
}

enum err registry_first_person(struct registry *registry, struct registry_person *person) {
    struct first first = {.registry = registry, .person = person};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    enum err err = kv_each(&txn, REGISTRY_IDENTITIES, (struct bytes){0}, take_first, &first);
    if (first.found)
        return ERR_OK;
    return err == ERR_OK ? ERR_NOT_FOUND : err;
}
