#include <string.h>

#include "hsm/keyring_table.h"
#include "hsm/keyring_wrap.h"

struct search {
    uint16_t active;
    bool found;
    struct keyring_row *row;
};

#define SEARCH_ENDED ERR_AGAIN

static enum err compare(void *context, struct bytes key, struct bytes value) {
    struct search *search = context;
    ERR_TRY(keyring_row_decode(key, value, search->row));
    if (!search->row->has_wrapped || search->row->wrapped_by == search->active)
        return ERR_OK;
    search->found = true;
    return SEARCH_ENDED;
}

enum err keyring_wrap_next(struct keyring *keyring, const struct keyring_row *after,
                           struct keyring_row *row) {
    struct keyring_row kek;
    uint8_t memory[KEYRING_ROW_KEY_BYTES];
    struct bytes place = {0};
    if (after != NULL)
        place = keyring_row_key(after->purpose, after->generation, memory);
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_KEK, &kek));
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    struct search search = {.active = kek.generation, .row = row};
    enum err err = kv_each_after(&txn, KEYRING_KEYS, place, compare, &search);
    if (err == SEARCH_ENDED && search.found)
        return ERR_OK;
    return err == ERR_OK ? ERR_NOT_FOUND : err;
}

static bool is_same(const struct keyring_row *row, const struct keyring_row *read) {
    return row->committed && row->has_wrapped && row->wrapped_by == read->wrapped_by &&
           memcmp(row->wrapped, read->wrapped, sizeof row->wrapped) == 0 &&
           memcmp(row->id, read->id, sizeof row->id) == 0;
}

enum err keyring_wrap_store(struct keyring *keyring, const struct keyring_row *row,
                            const uint8_t wrapped[static HSM_WRAPPED_BYTES], uint16_t by) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    struct keyring_row kek, stored;
    ERR_TRY(keyring_get_row(&txn, HSM_PURPOSE_KEK, by, &kek));
    ERR_TRY(keyring_get_row(&txn, row->purpose, row->generation, &stored));
    if (keyring_row_state(&kek) != KEYSTATE_ACTIVE || !is_same(&stored, row))
        return ERR_DENIED;
    memcpy(stored.wrapped, wrapped, sizeof stored.wrapped);
    stored.wrapped_by = by;
    keyring_put_row(&txn, &stored);
    return keyring_end(&txn);
}
