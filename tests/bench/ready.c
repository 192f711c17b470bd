#include <stdlib.h>

#include "tests/bench/ready.h"

enum err ready_open(struct ready *ready, size_t room) {
    *ready = (struct ready){.heap = calloc(room, sizeof(struct transaction *)), .room = room};
    return ready->heap != NULL ? ERR_OK : ERR_FULL;
}

void ready_close(struct ready *ready) {
    free(ready->heap);
    *ready = (struct ready){0};
}

static bool before(const struct transaction *left, const struct transaction *right) {
    return left->due_ns != right->due_ns ? left->due_ns < right->due_ns
                                         : left->order < right->order;
}

static void swap(struct ready *ready, size_t left, size_t right) {
    struct transaction *moved = ready->heap[left];
    ready->heap[left] = ready->heap[right];
    ready->heap[right] = moved;
}

void ready_put(struct ready *ready, struct transaction *transaction) {
    size_t at = ready->count++;
    transaction->order = ready->order++;
    ready->heap[at] = transaction;
    for (; at > 0 && before(ready->heap[at], ready->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(ready, at, (at - 1) / 2);
}

struct transaction *ready_first(const struct ready *ready) {
    return ready->count > 0 ? ready->heap[0] : NULL;
}

void ready_remove_first(struct ready *ready) {
    ready->heap[0] = ready->heap[--ready->count];
    for (size_t at = 0, child = 1; child < ready->count; child = 2 * at + 1) {
        if (child + 1 < ready->count && before(ready->heap[child + 1], ready->heap[child]))
            child++;
        if (!before(ready->heap[child], ready->heap[at]))
            return;
        swap(ready, at, child);
        at = child;
    }
}
