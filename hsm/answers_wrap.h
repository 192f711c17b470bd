#pragma once

#include "firmware/base/frame.h"
#include "firmware/base/serve.h"

struct answers;

/*
 * Whether what this signer wraps by is the active KEK at this moment, as it may not have loaded a
 * new one yet. ERR_LIMIT: it is not, ask again. ERR_NOT_FOUND: there is none. ERR_CORRUPT.
 */
MUST_CHECK enum err answers_wrap_gate(const struct answers *answers);

/*
 * The handlers of STANDING, REWRAP_ROOT and NEED, for provd's dispatch table at signer 0
 * (hsm/wire_wrap.h). ERR_LIMIT: as above, or NEED can't be stored now.
 */
MUST_CHECK enum err answers_wrap_standing(void *context, struct serve_peer *peer,
                                          const struct frame *frame);
MUST_CHECK enum err answers_wrap_root(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
MUST_CHECK enum err answers_wrap_need(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
