#pragma once

#include "tests/bench/transaction.h"

/* Calls that are built and wait for their time and a connection: the earliest first, then in the
 * order they came. */
struct ready {
    struct transaction **heap;
    size_t count, room;
    uint64_t order;
};

MUST_CHECK enum err ready_open(struct ready *ready, size_t room);
void ready_close(struct ready *ready);
void ready_put(struct ready *ready, struct transaction *transaction); /* never more than room */
struct transaction *ready_first(const struct ready *ready);           /* NULL: none */
void ready_remove_first(struct ready *ready);
