#pragma once

#include <pthread.h>

#include "authd/store/key_usage.h"

/* Inside the usage of keys. */
enum key_usage_kind {
    KEY_USAGE_ALL = 1,   /* a programme, with all keys of a purpose: generation 0 */
    KEY_USAGE_KEY,       /* a programme, with one key */
    KEY_USAGE_TERMINAL,  /* one of its terminals */
    KEY_USAGE_TERMINALS, /* those of its terminals that are over the bound */
    KEY_USAGE_KINDS
};

struct key_usage_name {
    uint8_t kind, purpose;
    uint16_t generation;
    char programme[PROGRAMME_ID_SIZE]; /* zeroes behind its end */
    uint8_t terminal[KEY_USAGE_TERMINAL_BYTES];
};

struct key_usage_row {
    struct key_usage_name name;
    char terminal_name[KEY_USAGE_NAME_SIZE];
    uint32_t terminals; /* of a KEY: how many rows its terminals have */
    int64_t hour;       /* the counters are of this hour and those before */
    uint32_t hours[KEY_USAGE_HOURS], days[KEY_USAGE_DAYS];
    bool unsaved;
};

struct key_usage {
    pthread_mutex_t lock;
    int64_t hour_ms, since_wall_ms;
    int64_t offset_ms; /* from the caller's clock to the time in which it counted */
    uint64_t uncounted;
    size_t rows_max, room, count, index_mask;
    struct key_usage_row *rows;
    uint32_t *index; /* hash to row, plus one */
    uint8_t hash_key[16];

    /* The saver's alone. */
    int64_t saved_boot_ms;
    size_t save_at;
};

/* All under the lock. */
int64_t key_usage_hour(const struct key_usage *usage, int64_t boot_ms);
void key_usage_advance(struct key_usage_row *row, int64_t hour);
struct key_usage_row *key_usage_find(const struct key_usage *usage,
                                     const struct key_usage_name *name);
/* NULL: no room. */
struct key_usage_row *key_usage_add(struct key_usage *usage, const struct key_usage_name *name,
                                    int64_t hour);
uint64_t key_usage_sum(const struct key_usage_row *row, enum key_usage_period period);
/* Takes out at most ${most} rows that have counted nothing for a month; gives how many. */
size_t key_usage_sweep(struct key_usage *usage, int64_t hour, struct key_usage_name *removed,
                       size_t most);
/* After rows have come other than by counting. */
void key_usage_index(struct key_usage *usage);
