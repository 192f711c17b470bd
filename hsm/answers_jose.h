#pragma once

#include "firmware/base/frame.h"
#include "firmware/base/serve.h"

/* The handlers of DERIVE and RESULT, for core's dispatch table (hsm/answers.h). */
MUST_CHECK enum err answers_jose_derive(void *context, struct serve_peer *peer,
                                        const struct frame *frame);
MUST_CHECK enum err answers_jose_result(void *context, struct serve_peer *peer,
                                        const struct frame *frame);
