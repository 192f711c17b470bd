#pragma once

#include "hsm/answers.h"

/* The handlers of edge's questions, at every signer (hsm/wire_tls.h). */
MUST_CHECK enum err answers_tls_chain(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
MUST_CHECK enum err answers_tls_sign(void *context, struct serve_peer *peer,
                                     const struct frame *frame);
MUST_CHECK enum err answers_tls_heard(void *context, struct serve_peer *peer,
                                      const struct frame *frame);
