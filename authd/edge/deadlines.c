#include <stdlib.h>

#include "authd/edge/deadlines.h"

enum err deadlines_open(struct deadlines *deadlines, size_t size) {
    *deadlines = (struct deadlines){0};
    deadlines->heap = calloc(size + 1, sizeof(struct deadline *)); /* places begin at 1 */
    if (deadlines->heap == NULL)
        return ERR_SYSTEM;
    deadlines->size = size;
    return ERR_OK;
}

void deadlines_close(struct deadlines *deadlines) {
    free(deadlines->heap);
    *deadlines = (struct deadlines){0};
}

static void put(struct deadlines *deadlines, struct deadline *deadline, size_t place) {
    deadlines->heap[place] = deadline;
    deadline->place = place;
}

static void rise(struct deadlines *deadlines, struct deadline *deadline) {
    size_t place = deadline->place;
    while (place > 1 && deadlines->heap[place / 2]->at_ms > deadline->at_ms) {
        put(deadlines, deadlines->heap[place / 2], place);
        place /= 2;
    }
    put(deadlines, deadline, place);
}

static void sink(struct deadlines *deadlines, struct deadline *deadline) {
    size_t place = deadline->place;
    while (place * 2 <= deadlines->count) {
        size_t child = place * 2;
        if (child < deadlines->count &&
            deadlines->heap[child + 1]->at_ms < deadlines->heap[child]->at_ms)
            child++;
        if (deadlines->heap[child]->at_ms >= deadline->at_ms)
            break;
        put(deadlines, deadlines->heap[child], place);
        place = child;
    }
    put(deadlines, deadline, place);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms) {
    if (deadline->place == 0)
        put(deadlines, deadline, ++deadlines->count);
    deadline->at_ms = at_ms;
    rise(deadlines, deadline);
    sink(deadlines, deadline);
}

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline) {
    if (deadline->place == 0)
        return;
    struct deadline *last = deadlines->heap[deadlines->count--];
    if (last != deadline) {
        put(deadlines, last, deadline->place);
        rise(deadlines, last);
        sink(deadlines, last);
    }
    deadline->place = 0;
}

struct deadline *deadlines_first(const struct deadlines *deadlines) {
    return deadlines->count > 0 ? deadlines->heap[1] : NULL;
}
