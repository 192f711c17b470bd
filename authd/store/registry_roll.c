#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/registry_index.h"
#include "authd/store/registry_roll.h"
#include "authd/store/registry_row.h"

#define FIRST_TABLE  REGISTRY_IDENTITIES /* the tables before it are not sealed */
#define BATCH_MOST   256
#define LOOKED_MOST  2048 /* at rows in one step */
#define RECORD_BYTES 256

_Static_assert(REGISTRY_META < FIRST_TABLE && REGISTRY_ROOTS < FIRST_TABLE &&
                   REGISTRY_IDENTITIES < REGISTRY_BY_PHONE &&
                   REGISTRY_IDENTITIES < REGISTRY_BY_NAME,
               "people take their index rows along before those that nobody took are looked at");

const char *registry_roll_phase_text(enum registry_roll_phase phase) {
    static const char *const texts[REGISTRY_ROLL_PHASE_COUNT] = {
        [REGISTRY_ROLL_NONE] = "none",         [REGISTRY_ROLL_OFFERED] = "offered",
        [REGISTRY_ROLL_SWEEPING] = "sweeping", [REGISTRY_ROLL_VERIFYING] = "verifying",
        [REGISTRY_ROLL_DONE] = "done",
    };
    return phase < REGISTRY_ROLL_PHASE_COUNT ? texts[phase] : "unknown";
}

/* ---- what is stored ---- */

static struct bytes roll_key(void) {
    return bytes_of_text("roll");
}

static void put_roll(struct registry_batch *batch, const struct registry_roll *roll) {
    uint8_t memory[RECORD_BYTES];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes stored = {0};
    buffer_u8(&target, (uint8_t)roll->phase);
    buffer_u16(&target, roll->from);
    buffer_u16(&target, roll->to);
    buffer_u64(&target, roll->rows);
    buffer_u64(&target, roll->seen);
    buffer_u64(&target, roll->resealed);
    buffer_u64(&target, roll->left);
    buffer_u8(&target, roll->table);
    buffer_block(&target, bytes_of(roll->key, roll->key_len));
    registry_row_stick(batch, buffer_end(&target, &stored));
    kv_put(&batch->txn, REGISTRY_META, roll_key(), stored);
}

static enum err get_roll(struct kv_txn *txn, struct registry_roll *roll) {
    struct bytes stored;
    *roll = (struct registry_roll){0};
    enum err err = kv_get(txn, REGISTRY_META, roll_key(), &stored);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    struct cursor cursor = cursor_over(stored);
    unsigned phase = cursor_u8(&cursor);
    roll->from = cursor_u16(&cursor);
    roll->to = cursor_u16(&cursor);
    roll->rows = cursor_u64(&cursor);
    roll->seen = cursor_u64(&cursor);
    roll->resealed = cursor_u64(&cursor);
    roll->left = cursor_u64(&cursor);
    roll->table = cursor_u8(&cursor);
    struct bytes key = cursor_block(&cursor, REGISTRY_ROLL_KEY_MAX);
    if (cursor_end(&cursor) != ERR_OK || phase >= REGISTRY_ROLL_PHASE_COUNT ||
        (phase >= REGISTRY_ROLL_SWEEPING && roll->table < FIRST_TABLE) ||
        roll->table > REGISTRY_TABLE_COUNT)
        return ERR_CORRUPT;
    roll->phase = (enum registry_roll_phase)phase;
    roll->key_len = (uint8_t)key.len;
    if (key.len > 0)
        memcpy(roll->key, key.data, key.len);
    return ERR_OK;
}

enum err registry_roll_get(struct registry *registry, struct registry_roll *roll) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return get_roll(&txn, roll);
}

void registry_roll_offer(struct registry_batch *batch, uint16_t from, uint16_t to,
                         struct bytes wrapped) {
    const struct registry_roll roll = {.phase = REGISTRY_ROLL_OFFERED, .from = from, .to = to};
    registry_put_root(batch, to, wrapped);
    put_roll(batch, &roll);
}

/* To the first row of the first table. */
static void begin_phase(struct kv_txn *txn, enum registry_roll_phase phase,
                        struct registry_roll *roll) {
    roll->phase = phase;
    roll->table = FIRST_TABLE;
    roll->key_len = 0;
    roll->rows = roll->seen = roll->left = 0;
    for (unsigned table = FIRST_TABLE; table < REGISTRY_TABLE_COUNT; table++)
        roll->rows += kv_count(txn, table);
}

void registry_roll_begin(struct registry_batch *batch) {
    struct registry_roll roll;
    enum err err = get_roll(&batch->txn, &roll);
    if (err == ERR_OK && roll.phase == REGISTRY_ROLL_NONE)
        err = ERR_NOT_FOUND;
    registry_row_stick(batch, err);
    if (batch->txn.err != ERR_OK)
        return;
    begin_phase(&batch->txn, REGISTRY_ROLL_SWEEPING, &roll);
    put_roll(batch, &roll);
}

void registry_remove_root(struct registry_batch *batch, uint16_t generation) {
    const uint8_t key[] = {(uint8_t)(generation >> 8), (uint8_t)generation};
    kv_delete(&batch->txn, REGISTRY_ROOTS, bytes_of(key, sizeof key));
}

/* ---- one step ---- */

/* The rows to be sealed again: found first, since a table must not change while it is walked. */
struct find {
    struct registry_roll *roll;
    size_t most, looked, count;
    struct {
        uint8_t len, data[REGISTRY_ROLL_KEY_MAX];
    } keys[BATCH_MOST];
};

static enum err look_at(void *context, struct bytes key, struct bytes sealed) {
    struct find *find = context;
    struct registry_roll *roll = find->roll;
    if (key.len > REGISTRY_ROLL_KEY_MAX)
        return ERR_CORRUPT;
    if (find->looked == LOOKED_MOST || find->count == find->most)
        return ERR_FULL;
    if (record_generation(sealed) != roll->to) {
        find->keys[find->count].len = (uint8_t)key.len;
        memcpy(find->keys[find->count].data, key.data, key.len);
        find->count++;
    }
    find->looked++;
    roll->seen++;
    roll->key_len = (uint8_t)key.len;
    memcpy(roll->key, key.data, key.len);
    return ERR_OK;
}

/* The row and, of a person, the rows by which she is found. */
static enum err reseal_identity(struct registry_batch *batch, struct bytes key,
                                const struct registry_row *row) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    ERR_TRY(registry_row_judge(row, identity_decode(secret_view(&row->plain), &identity)));
    struct registry_index_change change = {.lookup_key = key.data,
                                           .identity = identity,
                                           .generation = row->generation,
                                           .remove = true};
    registry_index_apply(batch, &change);
    change.remove = false;
    registry_row_put(batch, REGISTRY_IDENTITIES, key, secret_view(&row->plain), &change.generation);
    if (batch->txn.err == ERR_OK)
        registry_index_apply(batch, &change);
    return batch->txn.err;
}

/*
 * An index row that its person did not take along. It stays while her own row is of its generation,
 * damaged; else it is of somebody replaced or of an earlier phone, and goes.
 */
static enum err drop_index(struct registry_batch *batch, struct bytes key,
                           const struct registry_row *row) {
    struct bytes sealed;
    if (row->plain.len != IDENTITY_LOOKUP_BYTES)
        return registry_row_judge(row, ERR_CORRUPT);
    enum err err = kv_get(&batch->txn, REGISTRY_IDENTITIES, secret_view(&row->plain), &sealed);
    if (err == ERR_OK && record_generation(sealed) == row->generation)
        return ERR_CORRUPT;
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        kv_delete(&batch->txn, row->table, key);
    return batch->txn.err;
}

static enum err reseal_row(struct registry_batch *batch, enum registry_table table,
                           struct bytes key) {
    REGISTRY_ROW(row);
    ERR_TRY(registry_row_find(batch->registry, &batch->txn, table, key, &row));
    switch (table) {
    case REGISTRY_IDENTITIES:
        return reseal_identity(batch, key, &row);
    case REGISTRY_BY_PHONE:
    case REGISTRY_BY_NAME:
        return drop_index(batch, key, &row);
    default:
        registry_row_put(batch, table, key, secret_view(&row.plain), NULL);
        return batch->txn.err;
    }
}

/* What does not open is as the reader of the row would find it: it stays, and was logged. */
static void reseal(struct registry_batch *batch, const struct find *find, uint8_t table) {
    for (size_t i = 0; i < find->count && batch->txn.err == ERR_OK; i++) {
        struct bytes key = bytes_of(find->keys[i].data, find->keys[i].len);
        enum err err = reseal_row(batch, (enum registry_table)table, key);
        if (err == ERR_OK)
            find->roll->resealed++;
        else if (err != ERR_CORRUPT && err != ERR_UNAVAILABLE)
            registry_row_stick(batch, err);
    }
}

static void end_phase(struct kv_txn *txn, struct registry_roll *roll) {
    if (roll->phase == REGISTRY_ROLL_SWEEPING)
        begin_phase(txn, REGISTRY_ROLL_VERIFYING, roll);
    else
        roll->phase = REGISTRY_ROLL_DONE;
}

/* What is left of a table, as far as the step goes. ERR_FULL: that was not to its end. */
static enum err step_in_table(struct registry_batch *batch, struct find *find) {
    struct registry_roll *roll = find->roll;
    uint8_t table = roll->table;
    find->count = 0;
    enum err err =
        kv_each_after(&batch->txn, table, bytes_of(roll->key, roll->key_len), look_at, find);
    if (err == ERR_OK) {
        roll->table++;
        roll->key_len = 0;
    } else if (err != ERR_FULL) {
        return err;
    }
    find->most -= find->count;
    if (roll->phase == REGISTRY_ROLL_SWEEPING)
        reseal(batch, find, table);
    else
        roll->left += find->count;
    return batch->txn.err != ERR_OK ? batch->txn.err : err;
}

static enum err step_within(struct registry_batch *batch, size_t most, struct registry_roll *roll) {
    struct find find = {.roll = roll, .most = most};
    enum err err = ERR_OK;
    while (err == ERR_OK && roll->table < REGISTRY_TABLE_COUNT)
        err = step_in_table(batch, &find);
    if (err != ERR_OK && err != ERR_FULL)
        return err;
    if (roll->table == REGISTRY_TABLE_COUNT)
        end_phase(&batch->txn, roll);
    put_roll(batch, roll);
    return batch->txn.err;
}

enum err registry_roll_step(struct registry *registry, size_t most, struct registry_roll *roll) {
    uint64_t sequence;
    struct registry_batch batch = registry_begin(registry);
    enum err err = get_roll(&batch.txn, roll);
    bool moves = roll->phase == REGISTRY_ROLL_SWEEPING || roll->phase == REGISTRY_ROLL_VERIFYING;
    if (err == ERR_OK && batch.txn.err == ERR_OK && moves)
        err = record_keys_find(registry->record_keys, roll->to);
    if (err == ERR_OK && moves)
        err = step_within(&batch, most < BATCH_MOST ? most : BATCH_MOST, roll);
    if (err != ERR_OK || !moves) {
        registry_abort(&batch);
        return err;
    }
    return registry_commit(&batch, &sequence);
}
