#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/memory_search.h"

#define MASK 0x5a

struct memory_search memory_search_of(const uint8_t *secret, size_t len) {
    struct memory_search search;
    assert_true(len >= MEMORY_SEARCH_BYTES);
    const uint8_t *middle = secret + (len - MEMORY_SEARCH_BYTES) / 2;
    for (size_t i = 0; i < MEMORY_SEARCH_BYTES; i++)
        search.masked[i] = middle[i] ^ MASK;
    return search;
}

static bool stands_at(const uint8_t *memory, const struct memory_search *search, bool backwards) {
    for (size_t i = 0; i < MEMORY_SEARCH_BYTES; i++) {
        size_t at = backwards ? MEMORY_SEARCH_BYTES - 1 - i : i;
        if ((memory[i] ^ MASK) != search->masked[at])
            return false;
    }
    return true;
}

__attribute__((no_sanitize("address"))) static size_t
count_in(const uint8_t *from, const uint8_t *until, const struct memory_search *search) {
    size_t count = 0;
    for (const uint8_t *at = from; at + MEMORY_SEARCH_BYTES <= until; at++)
        count += stands_at(at, search, false) || stands_at(at, search, true);
    return count;
}

struct mapping {
    unsigned long from, until;
    bool is_searched;
    size_t count;
};

/* "7ffc1000-7ffc3000 rw-p 00000000 00:00 0    [stack]" begins the lines about a mapping. */
static bool begins(const char *line, struct mapping *mapping) {
    char rights[5];
    struct mapping read = {0};
    if (sscanf(line, "%lx-%lx %4s", &read.from, &read.until, rights) != 3)
        return false;
    read.is_searched = strncmp(rights, "rw", 2) == 0;
    *mapping = read;
    return true;
}

struct memory_search_found memory_search_run(const struct memory_search *search) {
    struct memory_search_found found = {0};
    struct mapping mapping = {0};
    char line[512];
    FILE *stream = fopen("/proc/self/smaps", "re");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        if (begins(line, &mapping)) {
            mapping.count = mapping.is_searched ? count_in((const uint8_t *)mapping.from,
                                                           (const uint8_t *)mapping.until, search)
                                                : 0;
            found.count += mapping.count;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " lo") == NULL) {
            found.unlocked += mapping.count;
        }
    }
    (void)fclose(stream);
    return found;
}
