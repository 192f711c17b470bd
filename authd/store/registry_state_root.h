#pragma once

#include "authd/store/registry.h"

/*
 * The root of what core keeps itself: the ledger's row keys, codes, best fingers. It is no record
 * root: no row of the registry is sealed under it, so that these can be rolled and removed while
 * this one stays. It is wrapped as they are, and is in REGISTRY_META as "state-root". A box of
 * before it had one goes on without: its first record root serves, and stays for good.
 */
#define REGISTRY_STATE_ROOT_MAX 512

/* ERR_NOT_FOUND: the box has none. ERR_CORRUPT: none that anybody could have put. */
MUST_CHECK enum err registry_state_root_get(struct registry *registry, struct buffer *wrapped);
/* ERR_MALFORMED and ERR_TOO_LARGE stick. */
void registry_state_root_put(struct registry_batch *batch, struct bytes wrapped);
