#pragma once

#include "authd/store/ledger.h"
#include "tests/unit/store_fixture.h"

/* A ledger with its journal in a directory of its own, for the tests. Failures end the test. */
struct ledger_box {
    struct store_directory directory, journal_directory, state_directory;
    struct journal *journal;
    struct ledger *ledger;
    size_t rows_max, segment_bytes;
    uint8_t boot_id[16];
};

void ledger_fixture_make(struct ledger_box *box, size_t rows_max);
void ledger_fixture_remove(struct ledger_box *box); /* closed or open */
void ledger_fixture_open(struct ledger_box *box);
void ledger_fixture_close(struct ledger_box *box);
/* An op on the row of ${name}: limit 3, a minute. */
struct ledger_op ledger_fixture_op(const struct ledger_box *box, enum ledger_op_kind kind,
                                   const char *name);

/* Claims, and when it is won makes it durable in a record of its own. */
enum ledger_result ledger_fixture_claim(struct ledger_box *box, struct ledger_op *ops,
                                        size_t count);
/* Appends a record with these effects. */
void ledger_fixture_record(struct ledger_box *box, struct bytes effects);

/* The row's counter, or -1 when there is none. */
int64_t ledger_fixture_count(const struct ledger_box *box, const char *name);
