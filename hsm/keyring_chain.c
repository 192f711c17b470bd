#include <string.h>

#include "hsm/keyring_chain.h"
#include "hsm/keyring_table.h"

/* "tls-chain" ‖ generation → format, time, count, certificates */
#define FACT           "tls-chain"
#define FORMAT         1
#define CHAIN_NAME_MAX (sizeof FACT - 1 + 2)

static struct bytes name_of(uint16_t generation, uint8_t memory[static CHAIN_NAME_MAX]) {
    struct buffer name = buffer_over(memory, CHAIN_NAME_MAX);
    buffer_raw(&name, FACT, sizeof FACT - 1);
    buffer_u16(&name, generation);
    return bytes_of(memory, name.len);
}

/* Keys in these states are shown in new handshakes, or will be. */
static bool is_to_be_shown(const struct keyring_row *row) {
    enum keystate state = keyring_row_state(row);
    return state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED || state == KEYSTATE_ACTIVE;
}

struct sweep {
    struct kv_txn *txn;
    size_t count;
    uint16_t over[64]; /* generations; what does not fit is forgotten next time */
};

static enum err find_over(void *context, struct bytes name, struct bytes value) {
    struct sweep *sweep = context;
    struct keyring_row row;
    (void)value;
    struct cursor cursor = cursor_over(name);
    (void)cursor_take(&cursor, sizeof FACT - 1);
    uint16_t generation = cursor_u16(&cursor);
    if (cursor_end(&cursor) != ERR_OK)
        return ERR_CORRUPT;
    enum err err = keyring_get_row(sweep->txn, HSM_PURPOSE_TLS, generation, &row);
    if (err == ERR_OK && is_to_be_shown(&row))
        return ERR_OK;
    if (sweep->count < sizeof sweep->over / sizeof *sweep->over)
        sweep->over[sweep->count++] = generation;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err forget_over(struct kv_txn *txn) {
    uint8_t memory[CHAIN_NAME_MAX];
    struct sweep sweep = {.txn = txn};
    ERR_TRY(kv_each(txn, KEYRING_FACTS, bytes_of_text(FACT), find_over, &sweep));
    for (size_t i = 0; i < sweep.count; i++)
        kv_delete(txn, KEYRING_FACTS, name_of(sweep.over[i], memory));
    return ERR_OK;
}

enum err keyring_chain_put(struct keyring *keyring, const struct hsm_tls_install *install) {
    static uint8_t value[HSM_TLS_CERTIFICATES * (HSM_TLS_CERTIFICATE_MAX + 4) + 16];
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t memory[CHAIN_NAME_MAX];
    struct keyring_row row;
    struct buffer target = buffer_over(value, sizeof value);
    struct bytes written;
    ERR_TRY(keyring_get_row(&txn, HSM_PURPOSE_TLS, install->generation, &row));
    if (!is_to_be_shown(&row))
        return ERR_NOT_FOUND;
    ERR_TRY(forget_over(&txn));
    buffer_u8(&target, FORMAT);
    buffer_i64(&target, install->not_after_ms);
    buffer_u8(&target, (uint8_t)install->count);
    for (size_t i = 0; i < install->count; i++)
        buffer_block(&target, install->certificates[i]);
    ERR_TRY(buffer_end(&target, &written));
    kv_put(&txn, KEYRING_FACTS, name_of(install->generation, memory), written);
    return keyring_end(&txn);
}

static enum err decode(struct bytes value, struct keyring_chain *chain) {
    struct cursor cursor = cursor_over(value);
    struct buffer kept = buffer_over(chain->memory, sizeof chain->memory);
    bool known = cursor_u8(&cursor) == FORMAT;
    chain->not_after_ms = cursor_i64(&cursor);
    chain->count = cursor_u8(&cursor);
    if (!known || chain->count == 0 || chain->count > HSM_TLS_CERTIFICATES)
        return ERR_CORRUPT;
    for (size_t i = 0; i < chain->count; i++) {
        struct bytes certificate = cursor_block(&cursor, HSM_TLS_CERTIFICATE_MAX);
        chain->certificates[i] = bytes_of(chain->memory + kept.len, certificate.len);
        buffer_raw(&kept, certificate.data, certificate.len);
    }
    return cursor_end(&cursor) == ERR_OK && kept.err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err keyring_chain_get(struct keyring *keyring, uint16_t generation,
                           struct keyring_chain *chain) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(keyring->kv);
    uint8_t memory[CHAIN_NAME_MAX];
    struct bytes value;
    ERR_TRY(kv_get(&txn, KEYRING_FACTS, name_of(generation, memory), &value));
    return decode(value, chain);
}

enum err keyring_chain_remove(struct keyring *keyring, uint16_t generation) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(keyring->kv);
    uint8_t memory[CHAIN_NAME_MAX];
    struct bytes value;
    ERR_TRY(kv_get(&txn, KEYRING_FACTS, name_of(generation, memory), &value));
    kv_delete(&txn, KEYRING_FACTS, name_of(generation, memory));
    return keyring_end(&txn);
}

static enum err has_chain(struct kv_txn *txn, uint16_t generation, bool *has) {
    uint8_t memory[CHAIN_NAME_MAX];
    struct bytes value;
    enum err err = kv_get(txn, KEYRING_FACTS, name_of(generation, memory), &value);
    *has = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err keyring_chain_unready(struct kv_txn *txn, enum hsm_purpose purpose,
                               const struct keystate_key *keys, size_t count, bool *unready) {
    bool active_has = false, standby_lacks = false;
    *unready = false;
    if (purpose != HSM_PURPOSE_TLS)
        return ERR_OK;
    for (size_t i = 0; i < count; i++) {
        enum keystate state;
        bool has;
        ERR_TRY(keystate_of(&keys[i], &state));
        ERR_TRY(has_chain(txn, keys[i].generation, &has));
        active_has |= state == KEYSTATE_ACTIVE && has;
        standby_lacks |= (state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED) && !has;
    }
    *unready = active_has && standby_lacks;
    return ERR_OK;
}
