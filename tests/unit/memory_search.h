#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Where in this process's own memory a secret stands. What is looked for is kept masked, so that
 * the search does not find itself.
 */
#define MEMORY_SEARCH_BYTES 32

struct memory_search {
    uint8_t masked[MEMORY_SEARCH_BYTES];
};

/* Of the middle of ${secret}, which is at least MEMORY_SEARCH_BYTES long. */
struct memory_search memory_search_of(const uint8_t *secret, size_t len);

struct memory_search_found {
    size_t count;    /* how often it stands there, in either order of bytes */
    size_t unlocked; /* of these in memory that is not locked */
};
/* In all memory that can be written, stacks too. */
struct memory_search_found memory_search_run(const struct memory_search *search);
