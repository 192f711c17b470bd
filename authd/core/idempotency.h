#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * A retry is safe (docs/protocol.md §7). One ledger row for each programme and `Idempotency-Key`:
 * first "under way" with the call and the hash of the body, then its outcome, for
 * IDEMPOTENCY_SECONDS by the wall clock. Both travel in the request's one record: on the disk there
 * is an outcome or nothing, so a retry after a kill is either told what was recorded or begins
 * anew.
 *
 * The row has no name in it: who the person is, the retry's own sealed block says.
 */
#define IDEMPOTENCY_SECONDS 600

enum idempotency_state {
    IDEMPOTENCY_NEW,        /* there is no such row, or the request has no key */
    IDEMPOTENCY_UNDER_WAY,  /* the same body; its first request has not ended */
    IDEMPOTENCY_DECIDED,    /* the same body; the outcome is in ${request->jose.outcome} */
    IDEMPOTENCY_OTHER_BODY, /* the key belongs to another body, or another call */
};
MUST_CHECK enum err idempotency_look(const struct core *core, struct request *request,
                                     enum idempotency_state *state);

/* The op that claims the request's key as under way. ${value} must live as long as the op. */
struct ledger_op idempotency_claim(const struct core *core, const struct request *request,
                                   uint8_t value[static LEDGER_VALUE_MAX]);
/* The op that makes the row the request's outcome. */
struct ledger_op idempotency_outcome(const struct core *core, const struct request *request,
                                     uint8_t value[static LEDGER_VALUE_MAX]);
/* The op that frees the key. */
struct ledger_op idempotency_release(const struct core *core, const struct request *request);
