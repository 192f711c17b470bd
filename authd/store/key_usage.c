#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/bytes.h"
#include "authd/store/key_usage_state.h"

#define HOURS_A_DAY 24
/* Beside rows_max, which bounds terminals: room for programmes, and for those without a name. */
#define PROGRAMME_PART 4
#define NAMELESS_ROOM  256
/* No programme takes more than this part of the room for terminals with one key. */
#define TERMINALS_PART 8

_Static_assert(crypto_shorthash_KEYBYTES == sizeof((struct key_usage *)0)->hash_key, "its key");

static size_t index_size(size_t rows) {
    size_t size = 1;
    while (size < rows * 2)
        size *= 2;
    return size;
}

enum err key_usage_open(struct key_usage **usage, const struct key_usage_options *options) {
    *usage = NULL;
    struct key_usage *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->rows_max = options->rows_max;
    made->room = options->rows_max + options->rows_max / PROGRAMME_PART + NAMELESS_ROOM;
    made->index_mask = index_size(made->room) - 1;
    made->hour_ms = options->hour_ms;
    made->since_wall_ms = options->since_wall_ms;
    made->offset_ms = -options->boot_ms;
    made->saved_boot_ms = options->boot_ms;
    made->rows = calloc(made->room, sizeof *made->rows);
    made->index = calloc(made->index_mask + 1, sizeof *made->index);
    randombytes_buf(made->hash_key, sizeof made->hash_key);
    if (made->rows == NULL || made->index == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made->rows);
        free(made->index);
        free(made);
        return ERR_SYSTEM;
    }
    *usage = made;
    return ERR_OK;
}

void key_usage_close(struct key_usage *usage) {
    if (usage == NULL)
        return;
    (void)pthread_mutex_destroy(&usage->lock);
    free(usage->rows);
    free(usage->index);
    free(usage);
}

/* ---- rows ---- */

static bool is_name(const struct key_usage_name *left, const struct key_usage_name *right) {
    return left->kind == right->kind && left->purpose == right->purpose &&
           left->generation == right->generation &&
           memcmp(left->programme, right->programme, sizeof left->programme) == 0 &&
           memcmp(left->terminal, right->terminal, sizeof left->terminal) == 0;
}

/* The place in the index that is this name's, or where it would be. */
static uint32_t *place_of(const struct key_usage *usage, const struct key_usage_name *name) {
    uint8_t memory[sizeof *name], hash[crypto_shorthash_BYTES];
    struct buffer text = buffer_over(memory, sizeof memory);
    uint64_t at;
    buffer_u8(&text, name->kind);
    buffer_u8(&text, name->purpose);
    buffer_u16(&text, name->generation);
    buffer_raw(&text, name->programme, sizeof name->programme);
    buffer_raw(&text, name->terminal, sizeof name->terminal);
    (void)crypto_shorthash(hash, memory, text.len, usage->hash_key);
    memcpy(&at, hash, sizeof at);
    for (at &= usage->index_mask; usage->index[at] != 0; at = (at + 1) & usage->index_mask)
        if (is_name(&usage->rows[usage->index[at] - 1].name, name))
            break;
    return &usage->index[at];
}

struct key_usage_row *key_usage_find(const struct key_usage *usage,
                                     const struct key_usage_name *name) {
    uint32_t place = *place_of(usage, name);
    return place != 0 ? &usage->rows[place - 1] : NULL;
}

struct key_usage_row *key_usage_add(struct key_usage *usage, const struct key_usage_name *name,
                                    int64_t hour) {
    if (usage->count == usage->room)
        return NULL;
    struct key_usage_row *row = &usage->rows[usage->count++];
    *row = (struct key_usage_row){.name = *name, .hour = hour};
    *place_of(usage, name) = (uint32_t)usage->count;
    return row;
}

/* ---- time ---- */

int64_t key_usage_hour(const struct key_usage *usage, int64_t boot_ms) {
    int64_t counted_ms = boot_ms + usage->offset_ms;
    return counted_ms > 0 ? counted_ms / usage->hour_ms : 0;
}

/* Empties what the counters of ${size} have from as long ago as they go, from ${from} to ${to}. */
static void empty(uint32_t *counters, int64_t size, int64_t from, int64_t to) {
    int64_t first = to - from > size ? to - size : from;
    for (int64_t at = first + 1; at <= to; at++)
        counters[at % size] = 0;
}

void key_usage_advance(struct key_usage_row *row, int64_t hour) {
    if (hour <= row->hour)
        return;
    empty(row->hours, KEY_USAGE_HOURS, row->hour, hour);
    empty(row->days, KEY_USAGE_DAYS, row->hour / HOURS_A_DAY, hour / HOURS_A_DAY);
    row->hour = hour;
}

static void bump(uint32_t *counter) {
    *counter += *counter < UINT32_MAX;
}

uint64_t key_usage_sum(const struct key_usage_row *row, enum key_usage_period period) {
    bool is_month = period == KEY_USAGE_MONTH;
    const uint32_t *counters = is_month ? row->days : row->hours;
    int64_t size = is_month ? KEY_USAGE_DAYS : KEY_USAGE_HOURS;
    int64_t at = is_month ? row->hour / HOURS_A_DAY : row->hour;
    int64_t span = period == KEY_USAGE_HOUR ? 2 : size;
    uint64_t sum = 0;
    for (int64_t i = 0; i < span && i <= at; i++)
        sum += counters[(at - i) % size];
    return sum;
}

/* ---- rows that are over ---- */

void key_usage_index(struct key_usage *usage) {
    memset(usage->index, 0, (usage->index_mask + 1) * sizeof *usage->index);
    for (size_t i = 0; i < usage->count; i++) {
        *place_of(usage, &usage->rows[i].name) = (uint32_t)(i + 1);
        usage->rows[i].terminals = 0;
    }
    for (size_t i = 0; i < usage->count; i++) {
        struct key_usage_name of = usage->rows[i].name;
        if (of.kind != KEY_USAGE_TERMINAL)
            continue;
        of.kind = KEY_USAGE_KEY;
        memset(of.terminal, 0, sizeof of.terminal);
        struct key_usage_row *programme = key_usage_find(usage, &of);
        if (programme != NULL)
            programme->terminals++;
    }
}

size_t key_usage_sweep(struct key_usage *usage, int64_t hour, struct key_usage_name *removed,
                       size_t most) {
    size_t count = 0;
    for (size_t i = usage->count; i-- > 0 && count < most;) {
        struct key_usage_row *row = &usage->rows[i];
        key_usage_advance(row, hour);
        if (key_usage_sum(row, KEY_USAGE_MONTH) > 0)
            continue;
        removed[count++] = row->name;
        *row = usage->rows[--usage->count];
    }
    if (count > 0)
        key_usage_index(usage);
    return count;
}

/* ---- counting ---- */

static void count_in(struct key_usage_row *row, int64_t hour) {
    key_usage_advance(row, hour);
    bump(&row->hours[row->hour % KEY_USAGE_HOURS]);
    bump(&row->days[row->hour / HOURS_A_DAY % KEY_USAGE_DAYS]);
    row->unsaved = true;
}

/* The row of a programme; of all that have none, when there is no more room. */
static struct key_usage_row *programme_row(struct key_usage *usage, struct key_usage_name *name,
                                           int64_t hour) {
    struct key_usage_row *row = key_usage_find(usage, name);
    if (row == NULL && usage->count < usage->room - NAMELESS_ROOM)
        row = key_usage_add(usage, name, hour);
    if (row != NULL)
        return row;
    memset(name->programme, 0, sizeof name->programme);
    row = key_usage_find(usage, name);
    return row != NULL ? row : key_usage_add(usage, name, hour);
}

static struct key_usage_row *new_terminal(struct key_usage *usage, struct key_usage_row *programme,
                                          const struct key_usage_use *use,
                                          const struct key_usage_name *name, int64_t hour) {
    bool has_room =
        usage->count < usage->rows_max && programme->terminals < usage->rows_max / TERMINALS_PART;
    struct key_usage_row *row = has_room ? key_usage_add(usage, name, hour) : NULL;
    if (row == NULL)
        return NULL;
    programme->terminals++;
    size_t len = strnlen(use->terminal_name, sizeof row->terminal_name - 1);
    memcpy(row->terminal_name, use->terminal_name, len);
    return row;
}

static void count_terminal(struct key_usage *usage, struct key_usage_row *programme,
                           const struct key_usage_use *use, int64_t hour) {
    struct key_usage_name name = programme->name;
    name.kind = KEY_USAGE_TERMINAL;
    memcpy(name.terminal, use->terminal, sizeof name.terminal);
    struct key_usage_row *row = key_usage_find(usage, &name);
    if (row == NULL)
        row = new_terminal(usage, programme, use, &name, hour);
    if (row == NULL) {
        name.kind = KEY_USAGE_TERMINALS;
        memset(name.terminal, 0, sizeof name.terminal);
        row = programme_row(usage, &name, hour);
    }
    if (row != NULL)
        count_in(row, hour);
    else
        usage->uncounted++;
}

static void count(struct key_usage *usage, const struct key_usage_use *use, int64_t hour) {
    struct key_usage_name name = {.kind = KEY_USAGE_ALL, .purpose = use->purpose};
    size_t len = strnlen(use->programme, sizeof name.programme - 1);
    memcpy(name.programme, use->programme, len);
    struct key_usage_row *row = programme_row(usage, &name, hour);
    if (row != NULL)
        count_in(row, hour);
    name.kind = KEY_USAGE_KEY;
    name.generation = use->generation;
    row = programme_row(usage, &name, hour);
    if (row == NULL) {
        usage->uncounted++;
        return;
    }
    count_in(row, hour);
    if (use->terminal != NULL)
        count_terminal(usage, row, use, hour);
}

void key_usage_count(struct key_usage *usage, const struct key_usage_use *use, int64_t boot_ms) {
    (void)pthread_mutex_lock(&usage->lock);
    count(usage, use, key_usage_hour(usage, boot_ms));
    (void)pthread_mutex_unlock(&usage->lock);
}
