#include <stdlib.h>
#include <string.h>

#include "authd/store/ledger_table.h"

#define NO_SLOT 0 /* links hold a slot's index + 1, so that fresh memory means "none" */

struct ledger_slot {
    struct ledger_row row;
    bool used;
    uint32_t next; /* in its bucket, or in the free list */
};

enum err ledger_table_open(struct ledger_table *table, size_t rows_max) {
    *table = (struct ledger_table){0};
    if (rows_max == 0 || rows_max > UINT32_MAX / 4)
        return ERR_CONFIG;
    uint32_t buckets = 1;
    while (buckets < rows_max)
        buckets *= 2;
    table->slots = calloc(rows_max, sizeof *table->slots);
    table->buckets = calloc(buckets, sizeof *table->buckets);
    table->bucket_mask = buckets - 1;
    table->rows_max = (uint32_t)rows_max;
    if (table->slots != NULL && table->buckets != NULL)
        return ERR_OK;
    ledger_table_close(table);
    return ERR_SYSTEM;
}

void ledger_table_close(struct ledger_table *table) {
    free(table->slots);
    free(table->buckets);
    *table = (struct ledger_table){0};
}

/* Keys are keyed hashes: their first bytes are spread well, and nobody outside can choose them. */
static uint32_t *bucket_of(const struct ledger_table *table, const uint8_t *key) {
    uint32_t hash;
    memcpy(&hash, key, sizeof hash);
    return &table->buckets[hash & table->bucket_mask];
}

struct ledger_row *ledger_table_find(const struct ledger_table *table,
                                     const uint8_t key[static LEDGER_KEY_BYTES]) {
    for (uint32_t link = *bucket_of(table, key); link != NO_SLOT;
         link = table->slots[link - 1].next)
        if (memcmp(table->slots[link - 1].row.key, key, LEDGER_KEY_BYTES) == 0)
            return &table->slots[link - 1].row;
    return NULL;
}

static uint32_t take_slot(struct ledger_table *table) {
    uint32_t link = table->free;
    if (link != NO_SLOT) {
        table->free = table->slots[link - 1].next;
        return link;
    }
    return table->slots_used < table->rows_max ? ++table->slots_used : NO_SLOT;
}

struct ledger_row *ledger_table_add(struct ledger_table *table, const struct ledger_row *row) {
    uint32_t link = take_slot(table);
    if (link == NO_SLOT)
        return NULL;
    uint32_t *bucket = bucket_of(table, row->key);
    struct ledger_slot *slot = &table->slots[link - 1];
    *slot = (struct ledger_slot){.row = *row, .used = true, .next = *bucket};
    *bucket = link;
    table->row_count++;
    return &slot->row;
}

void ledger_table_remove(struct ledger_table *table, struct ledger_row *row) {
    struct ledger_slot *slot = (struct ledger_slot *)row;
    uint32_t link = (uint32_t)(slot - table->slots) + 1;
    uint32_t *at = bucket_of(table, row->key);
    while (*at != link)
        at = &table->slots[*at - 1].next;
    *at = slot->next;
    *slot = (struct ledger_slot){.next = table->free};
    table->free = link;
    table->row_count--;
}

uint32_t ledger_table_room(const struct ledger_table *table) {
    return table->rows_max - table->row_count;
}

struct ledger_row *ledger_table_at(const struct ledger_table *table, uint32_t index) {
    return table->slots[index].used ? &table->slots[index].row : NULL;
}
