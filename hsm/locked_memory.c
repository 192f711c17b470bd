#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "firmware/base/log.h"
#include "hsm/locked_memory.h"

/* With the keys of a new box half a megabyte of it is in use, and loading them again adds nothing.
 */
#define HEAP_BYTES  (4u * 1024u * 1024u)
#define LIMIT_LEAST (2 * HEAP_BYTES)
#define BLOCK_LEAST 16u
#define LINE_SIZE   512

static bool is_locked; /* the heap is there */
static bool is_used;

/* As malloc does, until the first key comes that needs more: the heap is slower. */
static void *allocate(size_t size, const char *file, int line) {
    return is_used ? CRYPTO_secure_malloc(size, file, line) : malloc(size);
}

static void give_back(void *memory, const char *file, int line) {
    if (memory != NULL && CRYPTO_secure_allocated(memory) == 1)
        CRYPTO_secure_free(memory, file, line);
    else
        free(memory);
}

static size_t held(void *memory) {
    if (memory == NULL)
        return 0;
    return CRYPTO_secure_allocated(memory) == 1 ? CRYPTO_secure_actual_size(memory)
                                                : malloc_usable_size(memory);
}

static void *resize(void *memory, size_t size, const char *file, int line) {
    size_t before = held(memory);
    if (size > 0 && size <= before)
        return memory;
    void *moved = size > 0 ? allocate(size, file, line) : NULL;
    if (moved != NULL && before > 0)
        memcpy(moved, memory, before);
    if (moved != NULL || size == 0)
        give_back(memory, file, line);
    return moved;
}

/* The mapping of the stack, "7ffc1000-7ffc3000 … [stack]"; what it grows by is locked as well. */
static bool lock_stack(void) {
    char line[LINE_SIZE];
    bool is_done = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && !is_done && fgets(line, sizeof line, maps) != NULL) {
        char *end;
        unsigned long from = strtoul(line, &end, 16);
        unsigned long until = *end == '-' ? strtoul(end + 1, NULL, 16) : 0;
        if (strstr(line, "[stack]") != NULL && until > from)
            is_done = mlock2((const void *)from, until - from, MLOCK_ONFAULT) == 0;
    }
    if (maps != NULL)
        (void)fclose(maps);
    return is_done;
}

/* The arena of secrets is locked later, and without it no signer starts; and a locked stack that
 * may not grow ends the process. */
static bool is_enough_left(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= LIMIT_LEAST;
}

enum err locked_memory_open(void) {
    if (CRYPTO_set_mem_functions(allocate, resize, give_back) != 1)
        return ERR_SYSTEM;
    /* 2 would mean that the heap is there and not locked, or not guarded. */
    is_locked =
        is_enough_left() && CRYPTO_secure_malloc_init(HEAP_BYTES, BLOCK_LEAST) == 1 && lock_stack();
    return ERR_OK;
}

enum err locked_memory_use(void) {
    ERR_TRY(locked_memory_check());
#ifndef IDCS_SANITIZE /* it sees no pointers that are kept in this heap, and calls theirs leaks */
    is_used = true;
#endif
    return ERR_OK;
}

enum err locked_memory_check(void) {
    if (is_locked)
        return ERR_OK;
    log_event(LOG_ERROR, "memory-not-locked", "advice=%s",
              "wrapped-keys-need-a-RLIMIT_MEMLOCK-of-8-MiB");
    return ERR_SYSTEM;
}
