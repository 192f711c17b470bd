#pragma once

#include "authd/store/registry_pepper.h"
#include "authd/store/registry_row.h"

/* Inside the roll of the pepper: where it is, as collecting and moving share it. */

/* Phase REGISTRY_PEPPER_NONE when nothing is stored. ERR_CORRUPT. */
MUST_CHECK enum err registry_pepper_read(struct kv_txn *txn, struct registry_pepper *pepper);
/* Stores it; an error sticks to the batch. */
void registry_pepper_put(struct registry_batch *batch, const struct registry_pepper *pepper);

/* Whether rows are still to be looked at. */
bool registry_pepper_is_under_way(const struct registry_pepper *pepper);
/* The key of the last row that was looked at, a view of ${pepper}; empty: none of its table. */
struct bytes registry_pepper_place(const struct registry_pepper *pepper);
