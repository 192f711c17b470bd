#include <string.h>

#include <sodium.h>

#include "authd/store/ledger_effects.h"
#include "authd/store/ledger_state.h"

/* Keeps sums of times within 63 bits. */
#define LIFETIME_MS_MAX (INT64_C(200) * 366 * 86400 * 1000)

/* The rows that a claim touches, as it leaves them. */
struct staged {
    struct ledger_row *stored; /* NULL: not in the table */
    struct ledger_row row;
    bool changed;
};
struct claim {
    struct ledger *ledger;
    struct ledger_time now;
    size_t count;
    struct staged rows[LEDGER_OPS_MAX];
};

/* The row of ${key} as the ops before left it. An expired one keeps its memory of longer-lived
 * versions, and nothing else. */
static struct staged *stage(struct claim *claim, const uint8_t *key) {
    for (size_t i = 0; i < claim->count; i++)
        if (memcmp(claim->rows[i].row.key, key, LEDGER_KEY_BYTES) == 0)
            return &claim->rows[i];
    struct staged *staged = &claim->rows[claim->count++];
    *staged = (struct staged){.stored = ledger_table_find(&claim->ledger->table, key)};
    if (staged->stored != NULL)
        staged->row = *staged->stored;
    else
        memcpy(staged->row.key, key, LEDGER_KEY_BYTES);
    if (ledger_row_expired(&staged->row, claim->now))
        ledger_row_end(&staged->row);
    return staged;
}

static void begin(const struct claim *claim, struct staged *staged, const struct ledger_op *op) {
    ledger_row_begin(&staged->row, (op->flags & LEDGER_BOOT_BOUND) != 0, op->lifetime_ms,
                     claim->now);
    staged->changed = true;
}

static enum ledger_result put(const struct claim *claim, struct staged *staged,
                              struct ledger_op *op) {
    ledger_row_end(&staged->row);
    ledger_row_set_value(&staged->row, op->value);
    begin(claim, staged, op);
    return LEDGER_WON;
}

static enum ledger_result claim_absent(const struct claim *claim, struct staged *staged,
                                       struct ledger_op *op) {
    return staged->row.present ? LEDGER_TAKEN : put(claim, staged, op);
}

static enum ledger_result bump(const struct claim *claim, struct staged *staged,
                               struct ledger_op *op) {
    if (staged->row.count >= op->limit)
        return LEDGER_LIMIT;
    bool first = !staged->row.present;
    op->count = ++staged->row.count;
    staged->changed = true;
    if (first || ((op->flags & LEDGER_EXTEND) != 0 && op->count == op->limit))
        begin(claim, staged, op);
    return LEDGER_WON;
}

static enum ledger_result lower(const struct claim *claim, struct staged *staged,
                                struct ledger_op *op) {
    (void)claim;
    (void)op;
    if (staged->row.present && staged->row.count > 0) {
        staged->row.count--;
        staged->changed = true;
    }
    return LEDGER_WON;
}

static enum ledger_result clear(const struct claim *claim, struct staged *staged,
                                struct ledger_op *op) {
    (void)claim;
    (void)op;
    /* An expired one too: a wall clock that is set back must not bring back what was cleared. */
    if (staged->row.present || (staged->stored != NULL && staged->stored->present)) {
        ledger_row_end(&staged->row);
        staged->changed = true;
    }
    return LEDGER_WON;
}

static enum ledger_result take(const struct claim *claim, struct staged *staged,
                               struct ledger_op *op) {
    /* The same work whether nothing is there, the wrong value or the right one. */
    uint8_t presented[LEDGER_VALUE_MAX] = {0};
    if (op->value.len > 0)
        memcpy(presented, op->value.data, op->value.len);
    int differs = sodium_memcmp(presented, staged->row.value, sizeof presented);
    secret_wipe(presented, sizeof presented);
    if (differs != 0 || !staged->row.present || staged->row.value_len != op->value.len)
        return LEDGER_TAKEN;
    return clear(claim, staged, op);
}

static enum ledger_result (*const perform[])(const struct claim *claim, struct staged *staged,
                                             struct ledger_op *op) = {
    [LEDGER_CLAIM] = claim_absent, [LEDGER_BUMP] = bump, [LEDGER_LOWER] = lower,
    [LEDGER_CLEAR] = clear,        [LEDGER_PUT] = put,   [LEDGER_TAKE] = take,
};
#define OP_KINDS (sizeof perform / sizeof perform[0])

static bool makes_row(enum ledger_op_kind kind) {
    return kind == LEDGER_CLAIM || kind == LEDGER_BUMP || kind == LEDGER_PUT;
}

static bool is_sound(const struct ledger_op *op) {
    if ((size_t)op->kind >= OP_KINDS || op->value.len > LEDGER_VALUE_MAX ||
        (op->flags & ~(uint32_t)(LEDGER_EXTEND | LEDGER_BOOT_BOUND)) != 0)
        return false;
    return !makes_row(op->kind) || (op->lifetime_ms > 0 && op->lifetime_ms <= LIFETIME_MS_MAX);
}

static enum ledger_result stage_all(struct claim *claim, struct ledger_op *ops, size_t op_count,
                                    size_t *failed) {
    size_t room = ledger_table_room(&claim->ledger->table);
    for (size_t i = 0; i < op_count; i++) {
        *failed = i;
        if (!is_sound(&ops[i]))
            return LEDGER_UNAVAILABLE;
        struct staged *staged = stage(claim, ops[i].key);
        bool had_slot = staged->stored != NULL || staged->changed;
        enum ledger_result result = perform[ops[i].kind](claim, staged, &ops[i]);
        if (result != LEDGER_WON)
            return result;
        if (!had_slot && staged->changed && room-- == 0)
            return LEDGER_UNAVAILABLE;
    }
    return LEDGER_WON;
}

/* A row that was made and ended within this claim is written all the same: it has been. */
static enum ledger_result write_effects(struct claim *claim, struct buffer *effects) {
    uint8_t memory[LEDGER_EFFECTS_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct ledger_row rows[LEDGER_OPS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < claim->count; i++) {
        if (!claim->rows[i].changed)
            continue;
        claim->rows[i].row.lsn = claim->ledger->lsn + 1;
        rows[count++] = claim->rows[i].row;
    }
    ledger_effects_put_claim(&target, claim->ledger->boot_id, rows, count);
    struct bytes written;
    bool fits = buffer_end(&target, &written) == ERR_OK && effects->err == ERR_OK &&
                written.len <= effects->size - effects->len;
    if (fits)
        buffer_raw(effects, written.data, written.len);
    secret_wipe(memory, sizeof memory);
    secret_wipe(rows, sizeof rows);
    return fits ? LEDGER_WON : LEDGER_UNAVAILABLE;
}

static void apply(struct claim *claim) {
    claim->ledger->lsn++;
    for (size_t i = 0; i < claim->count; i++) {
        struct staged *staged = &claim->rows[i];
        if (!staged->changed)
            continue;
        if (staged->stored != NULL)
            *staged->stored = staged->row;
        else
            (void)ledger_table_add(&claim->ledger->table, &staged->row); /* there is room */
    }
}

static enum ledger_result decide(struct claim *claim, struct ledger_op *ops, size_t op_count,
                                 size_t *failed, struct buffer *effects) {
    enum ledger_result result = stage_all(claim, ops, op_count, failed);
    if (result != LEDGER_WON)
        return result;
    *failed = 0;
    result = write_effects(claim, effects);
    if (result == LEDGER_WON)
        apply(claim);
    return result;
}

static bool may_claim(const struct ledger *ledger) {
    return atomic_load(&ledger->keyed) && !atomic_load(&ledger->broken) &&
           atomic_load(&ledger->behind) <= LEDGER_WAITING_MAX;
}

enum ledger_result ledger_claim(struct ledger *ledger, struct ledger_op *ops, size_t op_count,
                                int64_t deadline_boot_ms, size_t *failed, struct buffer *effects) {
    enum ledger_result result = LEDGER_UNAVAILABLE;
    *failed = 0;
    for (size_t i = 0; i < op_count; i++)
        ops[i].count = 0;
    if (op_count == 0 || op_count > LEDGER_OPS_MAX || !may_claim(ledger))
        return result;
    struct claim claim = {.ledger = ledger};
    (void)pthread_mutex_lock(&ledger->lock);
    claim.now = ledger_row_now();
    if (claim.now.boot_ms < deadline_boot_ms)
        result = decide(&claim, ops, op_count, failed, effects);
    (void)pthread_mutex_unlock(&ledger->lock);
    secret_wipe(&claim, sizeof claim);
    return result;
}
