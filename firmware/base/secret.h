#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Secrets live in one arena: locked, left out of core dumps, with guard pages, made once at the
 * start of a process. A struct secret is the only way to hold key material, PINs, codes and
 * decrypted payloads. Thread-safe. Freed memory is wiped at once. A forked child does not have the
 * arena: touching a secret there is fatal.
 */
struct secret {
    uint8_t *data;
    size_t len;
};

/* Makes the arena of ${size} bytes. Call once, before confinement. ERR_SYSTEM when it cannot be
 * locked. */
MUST_CHECK enum err secret_arena_open(size_t size);

/*
 * ${secret} becomes ${len} zero bytes of the arena, at most 256 KiB, aligned to 64; what it held
 * before is not looked at. ERR_FULL when the arena is used up; ${secret} is {0} then.
 */
MUST_CHECK enum err secret_new(struct secret *secret, size_t len);
MUST_CHECK enum err secret_copy(struct secret *secret, struct bytes source);
MUST_CHECK enum err secret_random(struct secret *secret, size_t len);

/* Wipes and returns the memory. A secret of zeroes ({0}) is allowed; any other memory: abort. */
void secret_free(struct secret *secret);

/* At scope end: `SECRET(key); ERR_TRY(secret_new(&key, 32));` */
#define SECRET(name) __attribute__((cleanup(secret_free))) struct secret name = {0}

struct bytes secret_view(const struct secret *secret);

/* Constant time in the content. Lengths are public: different lengths are not equal. */
MUST_CHECK enum err secret_equal(struct bytes left, struct bytes right, bool *equal);

/* For what had to pass through ordinary memory: a received frame, a stack array. */
void secret_wipe(void *memory, size_t len);
