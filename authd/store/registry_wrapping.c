#include "authd/store/registry_wrapping.h"
#include "authd/store/registry_row.h"

static struct bytes wrapping_key(void) {
    return bytes_of_text("kek");
}

static enum err get_wrapping(struct kv_txn *txn, uint16_t *kek_generation) {
    struct bytes stored;
    *kek_generation = 0;
    enum err err = kv_get(txn, REGISTRY_META, wrapping_key(), &stored);
    if (err == ERR_NOT_FOUND) {
        *kek_generation = REGISTRY_WRAPPING_FIRST;
        return ERR_OK;
    }
    ERR_TRY(err);
    struct cursor cursor = cursor_over(stored);
    uint16_t generation = cursor_u16(&cursor);
    if (cursor_end(&cursor) != ERR_OK || generation == 0)
        return ERR_CORRUPT;
    *kek_generation = generation;
    return ERR_OK;
}

enum err registry_wrapping_get(struct registry *registry, uint16_t *kek_generation) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return get_wrapping(&txn, kek_generation);
}

void registry_wrapping_put(struct registry_batch *batch, uint16_t kek_generation) {
    const uint8_t value[] = {(uint8_t)(kek_generation >> 8), (uint8_t)kek_generation};
    uint16_t before;
    registry_row_stick(batch, get_wrapping(&batch->txn, &before));
    if (batch->txn.err == ERR_OK && kek_generation < before)
        registry_row_stick(batch, ERR_DENIED);
    kv_put(&batch->txn, REGISTRY_META, wrapping_key(), bytes_of(value, sizeof value));
}
