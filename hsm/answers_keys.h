#pragma once

#include "firmware/base/frame.h"
#include "firmware/base/serve.h"

/* The handlers of KEYS and KEY_ORDER, for provd's dispatch table at signer 0 (hsm/answers.h). */
MUST_CHECK enum err answers_keys_list(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
MUST_CHECK enum err answers_keys_order(void *context, struct serve_peer *peer,
                                       const struct frame *frame);

/* The handler of USAGE_TOLD, for core's: which keys are still used (hsm/wire_usage.h). No answer.
 */
MUST_CHECK enum err answers_keys_used(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
