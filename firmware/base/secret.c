#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>
#include <sodium.h>

#include "firmware/base/secret.h"

/*
 * The arena is cut into blocks of 64 bytes to 256 KiB, each a power of two and aligned to its own
 * size within the arena (a buddy allocator: a freed block joins its free neighbour again, so that
 * many small secrets do not use up the room for large ones). What is known of the blocks is kept
 * outside the arena: a secret written past its end destroys no list. sodium_malloc gives the memory
 * between two guard pages.
 */
#define UNIT_BYTES 64u
#define ORDERS     13u /* 64 B << 0 … 64 B << 12 = 256 KiB */
#define NO_UNIT    UINT32_MAX
#define INSIDE     0xff /* a unit that is not the first of a block */
#define FREE_FLAG  0x80 /* set in the state of a free block; the rest of the state is the order */

/* One for each unit; meaningful for the first unit of a block. */
struct unit {
    uint32_t next, previous; /* in the free list */
    uint8_t state;
};

static struct {
    pthread_mutex_t lock;
    uint8_t *memory;
    uint32_t unit_count;
    struct unit *units;
    uint32_t free[ORDERS]; /* heads of the lists of free blocks */
} arena = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t order_bytes(unsigned order) {
    return (size_t)UNIT_BYTES << order;
}

static void list_push(uint32_t index, unsigned order) {
    struct unit *unit = &arena.units[index];
    unit->state = (uint8_t)(FREE_FLAG | order);
    unit->previous = NO_UNIT;
    unit->next = arena.free[order];
    if (unit->next != NO_UNIT)
        arena.units[unit->next].previous = index;
    arena.free[order] = index;
}

static void list_remove(uint32_t index, unsigned order) {
    struct unit *unit = &arena.units[index];
    if (unit->previous == NO_UNIT)
        arena.free[order] = unit->next;
    else
        arena.units[unit->previous].next = unit->next;
    if (unit->next != NO_UNIT)
        arena.units[unit->next].previous = unit->previous;
    unit->state = INSIDE;
}

/* Covers the arena with the largest aligned blocks that fit. */
static void lay_out(void) {
    for (unsigned order = 0; order < ORDERS; order++)
        arena.free[order] = NO_UNIT;
    for (uint32_t i = 0; i < arena.unit_count; i++)
        arena.units[i].state = INSIDE;
    for (uint32_t at = 0; at < arena.unit_count;) {
        unsigned order = ORDERS - 1;
        while ((at & ((1u << order) - 1)) != 0 || arena.unit_count - at < 1u << order)
            order--;
        list_push(at, order);
        at += 1u << order;
    }
}

/* Kept out of swap, of core dumps and of children. */
static enum err lock_memory(void *memory, size_t size) {
    /* sodium_malloc locks too but does not say when it fails. mlock2, as the sanitizers make mlock
     * do nothing. */
    if (mlock2(memory, size, 0) != 0 || madvise(memory, size, MADV_DONTDUMP) != 0 ||
        madvise(memory, size, MADV_DONTFORK) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

enum err secret_arena_open(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (arena.memory != NULL)
        return ERR_EXISTS;
    if (size == 0 || size > (size_t)UINT32_MAX * UNIT_BYTES / 2)
        return ERR_TOO_LARGE;
    size =
        (size + page - 1) / page * page; /* whole pages, so that sodium_malloc aligns the start */
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    struct unit *units = calloc(size / UNIT_BYTES, sizeof *units);
    uint8_t *memory = sodium_malloc(size);
    if (units == NULL || memory == NULL || lock_memory(memory, size) != ERR_OK) {
        free(units);
        sodium_free(memory);
        return ERR_SYSTEM;
    }
    sodium_memzero(memory, size);
    ASAN_POISON_MEMORY_REGION(memory, size);
    arena.units = units;
    arena.unit_count = (uint32_t)(size / UNIT_BYTES);
    arena.memory = memory;
    lay_out();
    return ERR_OK;
}

/* Takes a block of ${order}, splitting a larger one when there is none. NO_UNIT when there is no
 * room. */
static uint32_t take_block(unsigned order) {
    unsigned found = order;
    while (found < ORDERS && arena.free[found] == NO_UNIT)
        found++;
    if (found == ORDERS)
        return NO_UNIT;
    uint32_t index = arena.free[found];
    list_remove(index, found);
    while (found > order) {
        found--;
        list_push(index + (1u << found), found);
    }
    arena.units[index].state = (uint8_t)order;
    return index;
}

/* Gives a block back, joined with its neighbours as far as they are free. */
static void return_block(uint32_t index, unsigned order) {
    arena.units[index].state = INSIDE;
    for (; order < ORDERS - 1; order++) {
        uint32_t neighbour = index ^ (1u << order);
        if (neighbour >= arena.unit_count || arena.units[neighbour].state != (FREE_FLAG | order))
            break;
        list_remove(neighbour, order);
        index = index < neighbour ? index : neighbour;
    }
    list_push(index, order);
}

/* Free memory is always zero, so a new block needs no clearing. */
enum err secret_new(struct secret *secret, size_t len) {
    *secret = (struct secret){0};
    if (arena.memory == NULL || len > order_bytes(ORDERS - 1))
        return ERR_FULL;
    unsigned order = 0;
    while (order_bytes(order) < len)
        order++;
    (void)pthread_mutex_lock(&arena.lock);
    uint32_t index = take_block(order);
    (void)pthread_mutex_unlock(&arena.lock);
    if (index == NO_UNIT)
        return ERR_FULL;
    uint8_t *data = arena.memory + (size_t)index * UNIT_BYTES;
    ASAN_UNPOISON_MEMORY_REGION(data, len);
    *secret = (struct secret){.data = data, .len = len};
    return ERR_OK;
}

enum err secret_copy(struct secret *secret, struct bytes source) {
    ERR_TRY(secret_new(secret, source.len));
    if (source.len > 0)
        memcpy(secret->data, source.data, source.len);
    return ERR_OK;
}

enum err secret_random(struct secret *secret, size_t len) {
    ERR_TRY(secret_new(secret, len));
    randombytes_buf(secret->data, len);
    return ERR_OK;
}

/* The order of the block in use that begins at ${data}. Anything else means that memory is already
 * corrupt. */
static unsigned used_order(const uint8_t *data, uint32_t *index) {
    size_t offset = (size_t)((uintptr_t)data - (uintptr_t)arena.memory);
    if (arena.memory == NULL || offset / UNIT_BYTES >= arena.unit_count || offset % UNIT_BYTES != 0)
        abort();
    *index = (uint32_t)(offset / UNIT_BYTES);
    uint8_t state = arena.units[*index].state;
    if (state >= ORDERS)
        abort();
    return state;
}

void secret_free(struct secret *secret) {
    if (secret->data == NULL)
        return;
    uint32_t index;
    (void)pthread_mutex_lock(&arena.lock);
    unsigned order = used_order(secret->data, &index);
    ASAN_UNPOISON_MEMORY_REGION(secret->data, order_bytes(order));
    sodium_memzero(secret->data, order_bytes(order));
    ASAN_POISON_MEMORY_REGION(secret->data, order_bytes(order));
    return_block(index, order);
    (void)pthread_mutex_unlock(&arena.lock);
    *secret = (struct secret){0};
}

struct bytes secret_view(const struct secret *secret) {
    return bytes_of(secret->data, secret->len);
}

enum err secret_equal(struct bytes left, struct bytes right, bool *equal) {
    *equal = false;
    if (left.len != right.len)
        return ERR_OK;
    *equal = left.len == 0 || sodium_memcmp(left.data, right.data, left.len) == 0;
    return ERR_OK;
}

void secret_wipe(void *memory, size_t len) {
    sodium_memzero(memory, len);
}
