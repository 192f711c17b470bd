#pragma once

#include <stdint.h>

#include "hsm/keyring.h"

/*
 * The officers' choice, a fact of the keyring for each purpose: in whose custody the keys are that
 * are made from now on. Those there are stay as they are. Where nothing was chosen it is the token.
 */
MUST_CHECK enum err keyring_custody_get(struct keyring *keyring, enum hsm_purpose purpose,
                                        enum keyring_custody *custody);
/* The writer's alone. The signers look at their keys again, as what a box is able to do follows
 * from it. ERR_DENIED: no such custody. */
MUST_CHECK enum err keyring_custody_set(struct keyring *keyring, enum hsm_purpose purpose,
                                        enum keyring_custody custody);
/* The purposes, as HSM_PURPOSE_BITs, whose next keys are not made in the token. */
MUST_CHECK enum err keyring_custody_wrapped(struct keyring *keyring, uint32_t *purposes);
