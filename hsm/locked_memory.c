#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "firmware/base/log.h"
#include "firmware/base/secret.h"
#include "hsm/locked_memory.h"

#define PRIVATE_HEAP_BYTES (512u * 1024u) /* an RSA key takes 2 KiB, a signer may hold a hundred   \
                                           */
#define PRIVATE_LEAST 16u

static bool is_locked;

static void *allocate(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return size > 0 ? malloc(size) : NULL;
}

static void give_back(void *memory, const char *file, int line) {
    (void)file, (void)line;
    if (memory != NULL)
        secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

/* What realloc leaves behind when it moves a block would not be wiped. */
static void *resize(void *memory, size_t size, const char *file, int line) {
    void *moved = allocate(size, file, line);
    size_t held = memory != NULL ? malloc_usable_size(memory) : 0;
    if (moved != NULL && held > 0)
        memcpy(moved, memory, held < size ? held : size);
    if (moved != NULL || size == 0)
        give_back(memory, file, line);
    return moved;
}

/*
 * Without an unlimited RLIMIT_MEMLOCK a later allocation could fail. Pages are locked when they are
 * first touched.
 */
static bool lock_all(void) {
    struct rlimit limit;
    bool is_unlimited = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
    return is_unlimited && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

enum err locked_memory_open(void) {
    if (CRYPTO_set_mem_functions(allocate, resize, give_back) != 1)
        return ERR_SYSTEM;
    is_locked = lock_all();
    if (!is_locked)
        log_event(LOG_INFO, "memory-may-swap", "advice=%s",
                  "give-the-signer-an-unlimited-RLIMIT_MEMLOCK");
    return CRYPTO_secure_malloc_init(PRIVATE_HEAP_BYTES, PRIVATE_LEAST) == 1 || !is_locked
               ? ERR_OK
               : ERR_SYSTEM;
}

enum err locked_memory_check(void) {
    if (is_locked)
        return ERR_OK;
    log_event(LOG_ERROR, "memory-not-locked", "advice=%s",
              "keys-of-custody-wrapped-need-an-unlimited-RLIMIT_MEMLOCK-of-authd");
    return ERR_SYSTEM;
}
