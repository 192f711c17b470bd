#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "firmware/base/clock.h"
#include "firmware/base/kv.h"
#include "firmware/base/secret.h"
#include "authd/store/ledger_file.h"
#include "authd/store/ledger_table.h"

/* Inside the ledger. The table is ahead of the journal, the file behind it. */
/* Durable effects not yet on file: beyond it claims are refused. */
#define LEDGER_WAITING_MAX 65536

/* Rows, in the order they came. */
struct ledger_rows {
    struct ledger_row *rows;
    size_t count, room;
};

struct ledger {
    struct journal *journal;
    uint8_t boot_id[CLOCK_BOOT_ID_BYTES];

    struct secret key;
    atomic_bool keyed;     /* ${key} is set and never changes again */
    atomic_bool broken;    /* the journal holds what is no effect: nothing is claimed any more */
    atomic_size_t behind;  /* ${waiting.count}, for the other threads */
    atomic_ullong applied; /* as the file's mark has it */

    pthread_mutex_t lock; /* of the table and ${lsn} */
    struct ledger_table table;
    uint64_t lsn;

    /* The journal's writing thread's alone. */
    struct kv *file;
    struct ledger_rows waiting; /* effects of durable records that the file has not got */
    struct ledger_mark durable; /* the last durable record, and the highest lsn in one */
    int64_t settled_boot_ms;
    bool settle_failed;
    uint32_t sweep_at;
};

MUST_CHECK enum err ledger_state_push(struct ledger_rows *rows, const struct ledger_row *row);
void ledger_state_clear(struct ledger_rows *rows);

/* Fills the table from the file and the journal's tail, and brings the file up to date. */
MUST_CHECK enum err ledger_load(struct ledger *ledger);
/* What journal_on_durable calls. */
void ledger_settle_durable(void *context, uint64_t sequence, enum journal_kind kind,
                           struct bytes payload);
/* Puts all that waits on file, however little it is. */
MUST_CHECK enum err ledger_settle_all(struct ledger *ledger);
