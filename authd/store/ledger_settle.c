#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/ledger_effects.h"
#include "authd/store/ledger_state.h"

#define SETTLE_MS      1000
#define SETTLE_EFFECTS 2048
#define SWEEP_STEP     512  /* slots looked at under the lock at a time */
#define SWEEP_LEAST    8192 /* slots a settle looks at, or a part of them all if that is more */
#define SWEEP_PARTS    32
#define SWEEP_REMOVALS 4096 /* rows a settle removes: more than its effects can have made */

static enum err take_effect(void *context, const uint8_t *boot_id, const struct ledger_row *row) {
    struct ledger *ledger = context;
    (void)boot_id; /* this one: it was written since we opened */
    if (row->lsn > ledger->durable.lsn)
        ledger->durable.lsn = row->lsn;
    return ledger_state_push(&ledger->waiting, row);
}

/*
 * What cannot be taken is in the journal: the mark stays before it, and a restart reads it again.
 * Until then nothing is claimed.
 */
static void break_off(struct ledger *ledger, uint64_t sequence, enum err err) {
    if (!atomic_exchange(&ledger->broken, true))
        log_event(LOG_ERROR, "ledger-broken", "sequence=%" PRIu64 " reason=%s", sequence,
                  err_text(err));
}

void ledger_settle_durable(void *context, uint64_t sequence, enum journal_kind kind,
                           struct bytes payload) {
    struct ledger *ledger = context;
    struct bytes effects;
    if (atomic_load(&ledger->broken))
        return;
    enum err err = ledger_effects_of(kind, payload, &effects);
    if (err == ERR_OK)
        err = ledger_effects_each(effects, take_effect, ledger);
    if (err != ERR_OK) {
        break_off(ledger, sequence, err);
        return;
    }
    ledger->durable.applied = sequence;
    atomic_store(&ledger->behind, ledger->waiting.count);
}

static void clear_rows(struct ledger_rows *rows) {
    ledger_state_clear(rows);
}

/* Looks at the next slots and takes out the rows that need not be remembered. Under the lock. */
static enum err sweep_step(struct ledger *ledger, struct ledger_time now,
                           struct ledger_rows *removed) {
    struct ledger_table *table = &ledger->table;
    for (unsigned i = 0; i < SWEEP_STEP && table->slots_used > 0; i++) {
        ledger->sweep_at = (ledger->sweep_at + 1) % table->slots_used;
        struct ledger_row *row = ledger_table_at(table, ledger->sweep_at);
        if (row == NULL || !ledger_row_forgotten(row, now))
            continue;
        ERR_TRY(ledger_state_push(removed, row));
        ledger_table_remove(table, row);
    }
    return ERR_OK;
}

/* In steps, so that no claim waits for long. */
static enum err sweep(struct ledger *ledger, struct ledger_rows *removed) {
    struct ledger_time now = ledger_row_now();
    size_t slots = SWEEP_LEAST;
    for (size_t done = 0; done < slots && removed->count < SWEEP_REMOVALS; done += SWEEP_STEP) {
        (void)pthread_mutex_lock(&ledger->lock);
        uint32_t used = ledger->table.slots_used;
        enum err err = sweep_step(ledger, now, removed);
        (void)pthread_mutex_unlock(&ledger->lock);
        ERR_TRY(err);
        slots = used / SWEEP_PARTS > SWEEP_LEAST ? used / SWEEP_PARTS : SWEEP_LEAST;
        if (slots > used)
            slots = used;
    }
    return ERR_OK;
}

/* By key, and the newest of a key first. */
static int compare_rows(const void *left, const void *right) {
    const struct ledger_row *one = left, *other = right;
    int by_key = memcmp(one->key, other->key, sizeof one->key);
    return by_key != 0 ? by_key : (one->lsn < other->lsn) - (one->lsn > other->lsn);
}

static void sort_rows(struct ledger_rows *rows) {
    if (rows->count > 1)
        qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
}

/*
 * Of the effects on one row the newest says all that the file will: a code that was made and used
 * up within a second is written once. In the order of keys, so that rows of one page meet.
 */
static void keep_newest(struct ledger_rows *waiting) {
    size_t kept = 0;
    sort_rows(waiting);
    for (size_t i = 0; i < waiting->count; i++) {
        const struct ledger_row *row = &waiting->rows[i];
        if (kept == 0 || memcmp(row->key, waiting->rows[kept - 1].key, sizeof row->key) != 0)
            waiting->rows[kept++] = *row;
    }
    waiting->count = kept;
}

/*
 * The removed rows were forgotten when they were taken out, so effects of theirs that wait are
 * older than that; a claim that has made one anew since will come with a later settle.
 */
static enum err write_file(struct ledger *ledger, const struct ledger_rows *removed) {
    struct ledger_time now = ledger_row_now();
    const struct ledger_rows *waiting = &ledger->waiting;
    if (waiting->count == 0 && removed->count == 0 &&
        ledger->durable.applied == atomic_load(&ledger->applied))
        return ERR_OK;
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(ledger->file);
    for (size_t i = 0; i < waiting->count; i++)
        ledger_file_apply(&txn, ledger->boot_id, &waiting->rows[i], now);
    for (size_t i = 0; i < removed->count; i++)
        ledger_file_remove(&txn, removed->rows[i].key);
    ledger_file_mark(&txn, &ledger->durable);
    return kv_commit(&txn);
}

static enum err settle(struct ledger *ledger) {
    __attribute__((cleanup(clear_rows))) struct ledger_rows removed = {0};
    keep_newest(&ledger->waiting);
    atomic_store(&ledger->behind, ledger->waiting.count);
    ERR_TRY(sweep(ledger, &removed));
    sort_rows(&removed);
    ERR_TRY(write_file(ledger, &removed));
    ledger->waiting.count = 0;
    atomic_store(&ledger->behind, 0);
    atomic_store(&ledger->applied, ledger->durable.applied);
    return ERR_OK;
}

enum err ledger_settle_all(struct ledger *ledger) {
    enum err err = settle(ledger);
    ledger->settled_boot_ms = clock_boot_ms();
    ledger->settle_failed = err != ERR_OK;
    if (err != ERR_OK)
        log_event(LOG_ERROR, "ledger-not-settled", "reason=%s waiting=%zu", err_text(err),
                  ledger->waiting.count);
    return err;
}

enum err ledger_settle(struct ledger *ledger) {
    bool due = clock_boot_ms() - ledger->settled_boot_ms >= SETTLE_MS;
    bool much = ledger->waiting.count >= SETTLE_EFFECTS && !ledger->settle_failed;
    return due || much ? ledger_settle_all(ledger) : ERR_OK;
}
