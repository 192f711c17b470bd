#include "authd/store/registry_state_root.h"
#include "authd/store/registry_row.h"

static struct bytes root_key(void) {
    return bytes_of_text("state-root");
}

static enum err check(struct bytes wrapped) {
    if (wrapped.len == 0)
        return ERR_MALFORMED;
    return wrapped.len <= REGISTRY_STATE_ROOT_MAX ? ERR_OK : ERR_TOO_LARGE;
}

enum err registry_state_root_get(struct registry *registry, struct buffer *wrapped) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    struct bytes stored;
    ERR_TRY(kv_get(&txn, REGISTRY_META, root_key(), &stored));
    if (check(stored) != ERR_OK)
        return ERR_CORRUPT;
    buffer_raw(wrapped, stored.data, stored.len);
    return wrapped->err;
}

void registry_state_root_put(struct registry_batch *batch, struct bytes wrapped) {
    enum err err = check(wrapped);
    registry_row_stick(batch, err);
    if (err == ERR_OK)
        kv_put(&batch->txn, REGISTRY_META, root_key(), wrapped);
}
