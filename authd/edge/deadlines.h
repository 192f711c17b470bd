#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The deadlines of one lane: a binary heap whose first entry ends first. Entries are the caller's
 * and know their own place, so that moving one costs the height of the heap.
 */
struct deadline {
    int64_t at_ms; /* CLOCK_BOOTTIME */
    size_t place;  /* 1-based in the heap; 0: not in it */
};

struct deadlines {
    struct deadline **heap;
    size_t count;
    size_t size;
};

/* Room for ${size} entries. ERR_SYSTEM. */
MUST_CHECK enum err deadlines_open(struct deadlines *deadlines, size_t size);
void deadlines_close(struct deadlines *deadlines);

/* Puts ${deadline} at ${at_ms}, in the heap already or not. There are at most ${size}. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms);
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline); /* absent: nothing */
/* The one that ends first; NULL when there is none. */
struct deadline *deadlines_first(const struct deadlines *deadlines);
