#include <inttypes.h>
#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/ledger_effects.h"
#include "authd/store/ledger_state.h"

#define ROWS_A_COMMIT 4096

struct load {
    struct ledger *ledger;
    struct ledger_time now;
    struct ledger_rows changed; /* what the file has not got, or must lose */
    struct ledger_mark mark;
};

static void clear_load(struct load *load) {
    ledger_state_clear(&load->changed);
}

static void count_lsn(struct load *load, const struct ledger_row *row) {
    if (row->lsn > load->mark.lsn)
        load->mark.lsn = row->lsn;
}

/* Says whether the row had to change. */
static bool adopt(const struct load *load, const uint8_t *boot_id, struct ledger_row *row) {
    if (memcmp(boot_id, load->ledger->boot_id, CLOCK_BOOT_ID_BYTES) == 0)
        return false;
    ledger_row_change_boot(row, load->now);
    return true;
}

static enum err remember(struct load *load, const struct ledger_row *row) {
    struct ledger_table *table = &load->ledger->table;
    struct ledger_row *there = ledger_table_find(table, row->key);
    if (there != NULL) {
        *there = *row;
        return ERR_OK;
    }
    if (ledger_table_add(table, row) != NULL)
        return ERR_OK;
    log_event(LOG_ERROR, "ledger-full", "rows=%" PRIu32 " raise the ledger's rows",
              table->rows_max);
    return ERR_FULL;
}

static enum err take_from_file(void *context, const uint8_t *boot_id,
                               const struct ledger_row *stored) {
    struct load *load = context;
    struct ledger_row row = *stored;
    count_lsn(load, &row);
    bool changed = adopt(load, boot_id, &row);
    bool forgotten = ledger_row_forgotten(&row, load->now);
    if (changed || forgotten)
        ERR_TRY(ledger_state_push(&load->changed, &row));
    return forgotten ? ERR_OK : remember(load, &row);
}

static enum err take_effect(void *context, const uint8_t *boot_id,
                            const struct ledger_row *effect) {
    struct load *load = context;
    struct ledger_row row = *effect;
    count_lsn(load, &row);
    const struct ledger_row *there = ledger_table_find(&load->ledger->table, row.key);
    if (there != NULL && there->lsn >= row.lsn)
        return ERR_OK;
    (void)adopt(load, boot_id, &row);
    if (there == NULL && ledger_row_forgotten(&row, load->now))
        return ERR_OK;
    ERR_TRY(ledger_state_push(&load->changed, &row));
    return remember(load, &row);
}

static enum err take_record(void *context, uint64_t sequence, int64_t wall_ms,
                            enum journal_kind kind, struct bytes payload) {
    struct load *load = context;
    struct bytes effects;
    (void)wall_ms;
    enum err err = ledger_effects_of(kind, payload, &effects);
    if (err == ERR_OK)
        err = ledger_effects_each(effects, take_effect, load);
    if (err == ERR_CORRUPT)
        log_event(LOG_ERROR, "journal-effects-corrupt", "sequence=%" PRIu64, sequence);
    load->mark.applied = sequence;
    return err;
}

/* The file is written only after the journal is durable: it can be ahead of one that has lost its
 * end, or is older, alone. */
static enum err compare_with_journal(const struct load *load) {
    uint64_t size;
    uint8_t root[MERKLE_HASH_BYTES];
    journal_tree(load->ledger->journal, &size, root);
    if (load->mark.applied <= size)
        return ERR_OK;
    log_event(LOG_ERROR, "journal-behind-state", "journal=%" PRIu64 " state=%" PRIu64, size,
              load->mark.applied);
    return ERR_CORRUPT;
}

static void write_row(const struct load *load, struct kv_txn *txn, const struct ledger_row *row) {
    if (ledger_row_forgotten(row, load->now))
        ledger_file_remove(txn, row->key);
    else
        ledger_file_put(txn, load->ledger->boot_id, row);
}

/* In the order they came, so the last of one row's versions stays. The mark goes last: until then
 * the same records are read again. */
static enum err write_changed(const struct load *load) {
    const struct ledger_rows *changed = &load->changed;
    for (size_t at = 0; at < changed->count;) {
        KV_TXN_CLEANUP struct kv_txn txn = kv_write(load->ledger->file);
        for (size_t i = 0; i < ROWS_A_COMMIT && at < changed->count; i++)
            write_row(load, &txn, &changed->rows[at++]);
        ERR_TRY(kv_commit(&txn));
    }
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(load->ledger->file);
    ledger_file_mark(&txn, &load->mark);
    return kv_commit(&txn);
}

enum err ledger_load(struct ledger *ledger) {
    __attribute__((cleanup(clear_load))) struct load load = {.ledger = ledger,
                                                             .now = ledger_row_now()};
    ERR_TRY(ledger_file_load(ledger->file, &load.mark, take_from_file, &load));
    ERR_TRY(compare_with_journal(&load));
    enum err err = journal_each(ledger->journal, load.mark.applied + 1, take_record, &load);
    if (err == ERR_NOT_FOUND)
        log_event(LOG_ERROR, "journal-segment-missing", "sequence=%" PRIu64, load.mark.applied + 1);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    ERR_TRY(write_changed(&load));
    ledger->lsn = load.mark.lsn;
    ledger->durable = load.mark;
    atomic_store(&ledger->applied, load.mark.applied);
    log_event(LOG_INFO, "ledger-loaded", "rows=%" PRIu32 " applied=%" PRIu64,
              ledger->table.row_count, load.mark.applied);
    return ERR_OK;
}
