#include "hsm/keyring_custody.h"

#include "hsm/keyring_table.h"

static struct bytes name_of(enum hsm_purpose purpose, uint8_t memory[static KEYRING_NAME_MAX]) {
    return keyring_name_of("custody", purpose, memory);
}

enum err keyring_custody_get(struct keyring *keyring, enum hsm_purpose purpose,
                             enum keyring_custody *custody) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint8_t memory[KEYRING_NAME_MAX];
    uint64_t chosen;
    *custody = KEYRING_CUSTODY_TOKEN;
    ERR_TRY(keyring_get_number(&txn, name_of(purpose, memory), &chosen));
    if (chosen > KEYRING_CUSTODY_WRAPPED)
        return ERR_CORRUPT;
    *custody = (enum keyring_custody)chosen;
    return ERR_OK;
}

enum err keyring_custody_set(struct keyring *keyring, enum hsm_purpose purpose,
                             enum keyring_custody custody) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t memory[KEYRING_NAME_MAX];
    if (custody != KEYRING_CUSTODY_TOKEN && custody != KEYRING_CUSTODY_WRAPPED)
        return ERR_DENIED;
    keyring_put_number(&txn, name_of(purpose, memory), (uint64_t)custody);
    return keyring_end(&txn);
}

enum err keyring_custody_wrapped(struct keyring *keyring, uint32_t *purposes) {
    *purposes = 0;
    for (unsigned at = 0; at < HSM_PURPOSE_COUNT; at++) {
        enum keyring_custody custody;
        ERR_TRY(keyring_custody_get(keyring, (enum hsm_purpose)at, &custody));
        *purposes |= custody == KEYRING_CUSTODY_WRAPPED ? HSM_PURPOSE_BIT(at) : 0;
    }
    return ERR_OK;
}
