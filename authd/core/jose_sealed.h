#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * What came out of the sealed block (docs/protocol.md §4): it must be bound to the claims, be fresh
 * and be a request the policy allows; then it fills the request's envelope and payload, and the id
 * hash, for the parts that both profiles share. Of a repeat only the binding is looked at. The
 * views of ${sealed} need not outlive the call. Refuses.
 */
MUST_CHECK enum err jose_sealed_take(struct core *core, struct request *request,
                                     const struct jose_sealed *sealed);
