#include "hsm/keyring_need.h"
#include "hsm/keyring_table.h"

static struct bytes name_of(enum hsm_purpose purpose, uint8_t memory[static KEYRING_NAME_MAX]) {
    return keyring_name_of("needs", purpose, memory);
}

bool keyring_need_concerns(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_KEK || purpose == HSM_PURPOSE_PEPPER;
}

static enum err get_told(struct kv_txn *txn, enum hsm_purpose purpose, uint16_t *from) {
    uint8_t memory[KEYRING_NAME_MAX];
    uint64_t number;
    *from = 0;
    ERR_TRY(keyring_get_number(txn, name_of(purpose, memory), &number));
    if (number > UINT16_MAX)
        return ERR_CORRUPT;
    *from = (uint16_t)number;
    return ERR_OK;
}

enum err keyring_need_told(struct keyring *keyring, enum hsm_purpose purpose, uint16_t *from) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    return get_told(&txn, purpose, from);
}

/* ${from} 0: nothing is said of this purpose. */
static enum err put_told(struct kv_txn *txn, enum hsm_purpose purpose, uint16_t from,
                         uint16_t active) {
    uint8_t memory[KEYRING_NAME_MAX];
    uint16_t told;
    ERR_TRY(get_told(txn, purpose, &told));
    if (from == 0 || from == told)
        return ERR_OK;
    if (from < told || from > active)
        return ERR_DENIED;
    keyring_put_number(txn, name_of(purpose, memory), from);
    return ERR_OK;
}

/* The first signer alone writes: what is active when this is read stays so until it is written. */
enum err keyring_need_tell(struct keyring *keyring, const struct hsm_need *need) {
    struct keyring_row kek, pepper;
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_KEK, &kek));
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_PEPPER, &pepper));
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    ERR_TRY(put_told(&txn, HSM_PURPOSE_KEK, need->kek_from, kek.generation));
    ERR_TRY(put_told(&txn, HSM_PURPOSE_PEPPER, need->pepper_from, pepper.generation));
    return kv_commit(&txn);
}

/* ${least}: the generation of the KEK that has wrapped some row. */
static enum err compare_wrap(void *context, struct bytes key, struct bytes value) {
    uint16_t *least = context;
    struct keyring_row row;
    ERR_TRY(keyring_row_decode(key, value, &row));
    if (row.has_wrapped && row.wrapped_by < *least)
        *least = row.wrapped_by;
    return ERR_OK;
}

enum err keyring_need_mark(struct kv_txn *txn, enum hsm_purpose purpose, struct keystate_key *keys,
                           size_t count) {
    uint16_t from;
    if (!keyring_need_concerns(purpose))
        return ERR_OK;
    ERR_TRY(get_told(txn, purpose, &from));
    if (purpose == HSM_PURPOSE_KEK)
        ERR_TRY(kv_each(txn, KEYRING_KEYS, (struct bytes){0}, compare_wrap, &from));
    for (size_t i = 0; i < count; i++)
        keys[i].needed = keystate_is_needed(&keys[i], from);
    return ERR_OK;
}
