#pragma once

#include "hsm/answers.h"

/* The handlers of what officers ask of TLS certificates (hsm/wire_tls_install.h): SHOW at every
 * signer, the others at signer 0. */
MUST_CHECK enum err answers_tls_install_request(void *context, struct serve_peer *peer,
                                                const struct frame *frame);
MUST_CHECK enum err answers_tls_install_take(void *context, struct serve_peer *peer,
                                             const struct frame *frame);
MUST_CHECK enum err answers_tls_install_remove(void *context, struct serve_peer *peer,
                                               const struct frame *frame);
MUST_CHECK enum err answers_tls_install_show(void *context, struct serve_peer *peer,
                                             const struct frame *frame);

/* At signer 0, now and then: logs that what is shown runs out, once for each limit it passes. */
void answers_tls_install_warn(struct answers *answers);
