#pragma once

#include "firmware/base/kv.h"
#include "authd/store/ledger_row.h"

/*
 * LMDB `state`: the ledger as far as the journal is durable, and up to which record that is. Every
 * row, and the mark, carries a check: damage is found, never served.
 */
struct ledger_mark {
    uint64_t applied; /* journal sequence: all effects up to this record are in */
    uint64_t lsn;     /* the highest given out by then */
};

MUST_CHECK enum err ledger_file_open(struct kv **file, const char *directory);
/* A table of the same file that is not the ledger's: the usage of keys (key_usage_file.h). */
#define LEDGER_FILE_USAGE 2
/* Hands over all rows with the boot they are of. ERR_CORRUPT (logged). */
MUST_CHECK enum err ledger_file_load(struct kv *file, struct ledger_mark *mark,
                                     enum err (*each)(void *context, const uint8_t *boot_id,
                                                      const struct ledger_row *row),
                                     void *context);

/* Within a write transaction; errors stick to it. */
void ledger_file_put(struct kv_txn *txn, const uint8_t *boot_id, const struct ledger_row *row);
/* Only when ${row} is newer than what is there; removes it when it need not be remembered. */
void ledger_file_apply(struct kv_txn *txn, const uint8_t *boot_id, const struct ledger_row *row,
                       struct ledger_time now);
void ledger_file_remove(struct kv_txn *txn, const uint8_t key[static LEDGER_KEY_BYTES]);
void ledger_file_mark(struct kv_txn *txn, const struct ledger_mark *mark);
