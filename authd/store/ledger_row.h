#pragma once

#include "authd/store/ledger.h"

/*
 * One row of the ledger: what it says, until when, and until when it must be remembered. A version
 * that ended early (removed, or replaced by one that lives shorter) is remembered as long as the
 * longest-lived version before it, so that a late record of that one cannot bring it back. The
 * version with the highest lsn is the row, in whatever order records arrive.
 */
struct ledger_time {
    int64_t boot_ms, wall_ms;
};
struct ledger_time ledger_row_now(void);

struct ledger_row {
    uint8_t key[LEDGER_KEY_BYTES];
    uint64_t lsn;
    bool present;
    bool boot_bound;
    uint8_t value_len;
    uint8_t value[LEDGER_VALUE_MAX]; /* zeroes after value_len */
    uint32_t count;
    int64_t lifetime_ms;
    struct ledger_time expires; /* wall_ms is 0 for a boot-bound row */
    struct ledger_time kept;    /* remembered until both have passed */
};

bool ledger_row_expired(const struct ledger_row *row, struct ledger_time now);
bool ledger_row_forgotten(const struct ledger_row *row, struct ledger_time now);
int64_t ledger_row_remaining_ms(const struct ledger_row *row, struct ledger_time now);

/* Starts a lifetime at ${now}. */
void ledger_row_begin(struct ledger_row *row, bool boot_bound, int64_t lifetime_ms,
                      struct ledger_time now);
/* Ends it: nothing is here any more. */
void ledger_row_end(struct ledger_row *row);
void ledger_row_set_value(struct ledger_row *row, struct bytes value);

/* Makes a row of another boot one of this boot: void if it was bound to that, else what is left by
 * the wall clock, at most its lifetime, runs on this boot's clock too. */
void ledger_row_change_boot(struct ledger_row *row, struct ledger_time now);

/* What a row says, without key and lsn; reader and writer. */
#define LEDGER_ROW_BODY_MAX (1 + 4 + 3 * 8 + 2 * 8 + 1 + LEDGER_VALUE_MAX)
void ledger_row_put(struct buffer *target, const struct ledger_row *row);
void ledger_row_get(struct cursor *source, struct ledger_row *row);
