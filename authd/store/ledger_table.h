#pragma once

#include "authd/store/ledger_row.h"

/* The rows in memory: a hash table of fixed room. Memory is touched only as far as it is used. Not
 * thread-safe: the ledger's lock is around it. */
struct ledger_slot;
struct ledger_table {
    struct ledger_slot *slots;
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t rows_max, row_count;
    uint32_t slots_used; /* slots from here up have never been used */
    uint32_t free;       /* a list of those that are free again */
};

MUST_CHECK enum err ledger_table_open(struct ledger_table *table, size_t rows_max);
void ledger_table_close(struct ledger_table *table);

struct ledger_row *ledger_table_find(const struct ledger_table *table,
                                     const uint8_t key[static LEDGER_KEY_BYTES]);
/* Adds a copy of a row that is not there. NULL: no room. */
struct ledger_row *ledger_table_add(struct ledger_table *table, const struct ledger_row *row);
void ledger_table_remove(struct ledger_table *table, struct ledger_row *row);
uint32_t ledger_table_room(const struct ledger_table *table);

/* The row in slot ${index}, below slots_used; NULL when it is free. For visiting all. */
struct ledger_row *ledger_table_at(const struct ledger_table *table, uint32_t index);
