#pragma once

#include "hsm/answers.h"

/* A ceiling of ${a_minute} certificates a minute, for answers.certificates. */
struct rate answers_certify_rate(int64_t a_minute);

/* The handler of HSM_CERTIFY, of provd at signer 0 alone, which writes the keyring. */
MUST_CHECK enum err answers_certify(void *context, struct serve_peer *peer,
                                    const struct frame *frame);
