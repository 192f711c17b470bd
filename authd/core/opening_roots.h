#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "firmware/base/frame.h"
#include "firmware/base/serve.h"
#include "authd/core/core.h"

/*
 * Lane 0 has signers open what the registry has wrapped: the record roots, and the root of what
 * core keeps itself.
 */

/*
 * Asks ${signer} for all that are not open yet. ERR_NOT_FOUND: the registry has no root yet;
 * ERR_CORRUPT: one that is none; ERR_UNAVAILABLE: no signer (NULL), and what serve_send gives.
 */
MUST_CHECK enum err opening_roots_ask(const struct core *core, struct serve_peer *signer);
/* An answer. ERR_MALFORMED; what a signer could not open is logged. */
MUST_CHECK enum err opening_roots_take(const struct core *core, const struct frame *frame);
/* ERR_OK: all that the registry has are open; ERR_NOT_FOUND, and what the registry gives. */
MUST_CHECK enum err opening_roots_check(const struct core *core);
