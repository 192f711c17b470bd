#include <string.h>

#include "authd/store/registry_pepper_state.h"

#define FIRST_TABLE  REGISTRY_IDENTITIES
#define LAST_TABLE   REGISTRY_ALIASES
#define LOOKED_MOST  2048 /* at rows in one step */
#define RECORD_BYTES 128

_Static_assert(LAST_TABLE == FIRST_TABLE + 1, "the sweep goes over people and then over aliases");

const char *registry_pepper_phase_text(enum registry_pepper_phase phase) {
    static const char *const texts[REGISTRY_PEPPER_PHASE_COUNT] = {
        [REGISTRY_PEPPER_NONE] = "none",
        [REGISTRY_PEPPER_SWEEPING] = "sweeping",
        [REGISTRY_PEPPER_VERIFYING] = "verifying",
        [REGISTRY_PEPPER_DONE] = "done",
    };
    return phase < REGISTRY_PEPPER_PHASE_COUNT ? texts[phase] : "unknown";
}

bool registry_pepper_is_settled(const struct registry_pepper *pepper) {
    return pepper->phase == REGISTRY_PEPPER_DONE && pepper->left == 0;
}

bool registry_pepper_is_under_way(const struct registry_pepper *pepper) {
    return pepper->phase == REGISTRY_PEPPER_SWEEPING || pepper->phase == REGISTRY_PEPPER_VERIFYING;
}

/* ---- what is stored ---- */

static struct bytes pepper_key(void) {
    return bytes_of_text("pepper");
}

struct bytes registry_pepper_place(const struct registry_pepper *pepper) {
    return bytes_of(pepper->key, pepper->has_key ? sizeof pepper->key : 0);
}

void registry_pepper_put(struct registry_batch *batch, const struct registry_pepper *pepper) {
    uint8_t memory[RECORD_BYTES];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes stored = {0};
    buffer_u8(&target, (uint8_t)pepper->phase);
    buffer_u16(&target, pepper->from);
    buffer_u16(&target, pepper->to);
    buffer_u64(&target, pepper->rows);
    buffer_u64(&target, pepper->seen);
    buffer_u64(&target, pepper->moved);
    buffer_u64(&target, pepper->left);
    buffer_u64(&target, pepper->left_vids);
    buffer_u64(&target, pepper->uins);
    buffer_u64(&target, pepper->sequence);
    buffer_u8(&target, pepper->table);
    buffer_bool(&target, pepper->has_key);
    if (pepper->has_key)
        buffer_raw(&target, pepper->key, sizeof pepper->key);
    registry_row_stick(batch, buffer_end(&target, &stored));
    kv_put(&batch->txn, REGISTRY_META, pepper_key(), stored);
}

static enum err decode_pepper(struct bytes stored, struct registry_pepper *pepper) {
    struct cursor cursor = cursor_over(stored);
    unsigned phase = cursor_u8(&cursor);
    pepper->from = cursor_u16(&cursor);
    pepper->to = cursor_u16(&cursor);
    pepper->rows = cursor_u64(&cursor);
    pepper->seen = cursor_u64(&cursor);
    pepper->moved = cursor_u64(&cursor);
    pepper->left = cursor_u64(&cursor);
    pepper->left_vids = cursor_u64(&cursor);
    pepper->uins = cursor_u64(&cursor);
    pepper->sequence = cursor_u64(&cursor);
    pepper->table = cursor_u8(&cursor);
    pepper->has_key = cursor_bool(&cursor);
    if (pepper->has_key)
        cursor_copy(&cursor, pepper->key, sizeof pepper->key);
    bool is_place = pepper->table >= FIRST_TABLE && pepper->table <= LAST_TABLE;
    if (cursor_end(&cursor) != ERR_OK || phase == REGISTRY_PEPPER_NONE ||
        phase >= REGISTRY_PEPPER_PHASE_COUNT || !is_place || pepper->from == 0 ||
        pepper->from > pepper->to)
        return ERR_CORRUPT;
    pepper->phase = (enum registry_pepper_phase)phase;
    return ERR_OK;
}

enum err registry_pepper_read(struct kv_txn *txn, struct registry_pepper *pepper) {
    struct bytes stored;
    *pepper = (struct registry_pepper){0};
    enum err err = kv_get(txn, REGISTRY_META, pepper_key(), &stored);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    err = decode_pepper(stored, pepper);
    if (err != ERR_OK)
        *pepper = (struct registry_pepper){0};
    return err;
}

enum err registry_pepper_get(struct registry *registry, struct registry_pepper *pepper) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return registry_pepper_read(&txn, pepper);
}

/* To the first row of the first table. */
static void begin_phase(struct kv_txn *txn, enum registry_pepper_phase phase,
                        struct registry_pepper *pepper) {
    pepper->phase = phase;
    pepper->table = FIRST_TABLE;
    pepper->has_key = false;
    pepper->seen = pepper->left = pepper->left_vids = 0;
    if (phase == REGISTRY_PEPPER_VERIFYING)
        pepper->uins = 0; /* counted afresh */
    pepper->rows = kv_count(txn, REGISTRY_IDENTITIES) + kv_count(txn, REGISTRY_ALIASES);
}

void registry_pepper_begin(struct registry_batch *batch, uint16_t oldest, uint16_t to) {
    struct registry_pepper pepper;
    enum err err = registry_pepper_read(&batch->txn, &pepper);
    if (err == ERR_OK && pepper.phase == REGISTRY_PEPPER_NONE)
        pepper.from = oldest;
    else if (err == ERR_OK && registry_pepper_is_settled(&pepper))
        pepper.from = pepper.to;
    if (err == ERR_OK && (pepper.from == 0 || to < pepper.from || to < pepper.to))
        err = ERR_DENIED;
    registry_row_stick(batch, err);
    if (batch->txn.err != ERR_OK)
        return;
    pepper.to = to;
    begin_phase(&batch->txn, REGISTRY_PEPPER_SWEEPING, &pepper);
    registry_pepper_put(batch, &pepper);
}

/* ---- collecting ---- */

struct collection {
    const struct registry *registry;
    struct registry_pepper_step *step;
    size_t most, looked;
};

static struct registry_pepper_row *next_row(struct registry_pepper_step *step, struct bytes key) {
    struct registry_pepper_row *row = &step->rows[step->count++];
    memset(row, 0, sizeof *row);
    memcpy(row->key, key.data, sizeof row->key);
    return row;
}

static enum err collect_person(struct collection *collection, struct bytes key,
                               const struct registry_row *opened) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    ERR_TRY(registry_row_judge(opened, identity_decode(secret_view(&opened->plain), &identity)));
    struct registry_pepper_row *row = next_row(collection->step, key);
    memcpy(row->uin, identity->uin, sizeof row->uin);
    return ERR_OK;
}

static enum err collect_alias(struct collection *collection, struct bytes key,
                              const struct registry_row *opened) {
    struct registry_pepper *after = &collection->step->after;
    ALIAS_WIPED struct alias alias = {0};
    ERR_TRY(registry_row_judge(opened, alias_decode(secret_view(&opened->plain), &alias)));
    after->uins += after->phase == REGISTRY_PEPPER_VERIFYING && alias.type == ALIAS_UIN;
    if (alias.pepper == after->to)
        return ERR_OK;
    if (after->phase == REGISTRY_PEPPER_VERIFYING) {
        after->left++;
        after->left_vids += !alias.has_id_hash;
    } else if (alias.has_id_hash) {
        struct registry_pepper_row *row = next_row(collection->step, key);
        memcpy(row->id_hash, alias.id_hash, sizeof row->id_hash);
    }
    return ERR_OK;
}

/* What does not open is as a reader of the row would find it. */
static enum err look_at(void *context, struct bytes key, struct bytes sealed) {
    struct collection *collection = context;
    struct registry_pepper *after = &collection->step->after;
    REGISTRY_ROW(row);
    if (key.len != IDENTITY_LOOKUP_BYTES)
        return ERR_CORRUPT;
    if (collection->looked == LOOKED_MOST || collection->step->count == collection->most)
        return ERR_FULL;
    enum registry_table table = (enum registry_table)after->table;
    enum err err = registry_row_open(collection->registry, table, key, sealed, &row);
    if (err == ERR_OK)
        err = table == REGISTRY_IDENTITIES ? collect_person(collection, key, &row)
                                           : collect_alias(collection, key, &row);
    if (err == ERR_CORRUPT || err == ERR_UNAVAILABLE)
        after->left++;
    else if (err != ERR_OK)
        return err;
    collection->looked++;
    after->seen++;
    after->has_key = true;
    memcpy(after->key, key.data, sizeof after->key);
    return ERR_OK;
}

static void end_table(struct kv_txn *txn, struct registry_pepper *after) {
    if (after->table < LAST_TABLE) {
        after->table++;
        after->has_key = false;
    } else if (after->phase == REGISTRY_PEPPER_SWEEPING) {
        begin_phase(txn, REGISTRY_PEPPER_VERIFYING, after);
    } else {
        after->phase = REGISTRY_PEPPER_DONE;
    }
}

enum err registry_pepper_collect(struct registry *registry, size_t most,
                                 struct registry_pepper_step *step) {
    struct collection collection = {
        .registry = registry,
        .step = step,
        .most = most < REGISTRY_PEPPER_ROWS_MAX ? most : REGISTRY_PEPPER_ROWS_MAX};
    step->count = 0;
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    ERR_TRY(registry_pepper_read(&txn, &step->before));
    step->after = step->before;
    if (!registry_pepper_is_under_way(&step->before))
        return ERR_OK;
    enum err err = kv_each_after(&txn, step->before.table, registry_pepper_place(&step->before),
                                 look_at, &collection);
    if (err == ERR_OK)
        end_table(&txn, &step->after);
    return err == ERR_FULL ? ERR_OK : err;
}
