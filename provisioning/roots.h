#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"
#include "hsm/wire.h"
#include "hsm/wire_wrap.h"
#include "provisioning/change.h"

/* The registry's record roots, and the root of what core keeps itself, as they are stored, wrapped
 * by the KEK, and what signers do with them. Each refuses when it fails. */
struct roots_wrapped {
    size_t count;
    uint16_t generation[RECORD_GENERATIONS];
    uint8_t wrapped[RECORD_GENERATIONS][HSM_ROOT_WRAPPED_BYTES];
    bool has_state; /* false on a box of before it had one */
    uint8_t state[HSM_ROOT_WRAPPED_BYTES];
};
#define ROOTS_STATE_GENERATION 0 /* of the state root, which has none, in log and questions */
MUST_CHECK enum err roots_read(struct change *change, struct roots_wrapped *roots);

/* Has a signer open one; ${opened} is to be wiped. */
MUST_CHECK enum err roots_unwrap(struct change *change, uint16_t generation, const uint8_t *wrapped,
                                 struct hsm_root_opened *opened);
void roots_wipe_opened(struct hsm_root_opened *opened);
#define ROOTS_OPENED(name)                                                                         \
    __attribute__((cleanup(roots_wipe_opened))) struct hsm_root_opened name = {0}

/* Has signer 0 wrap one by the active KEK, and sees that it still is the same root. */
MUST_CHECK enum err roots_rewrap(struct change *change, uint16_t generation, const uint8_t *wrapped,
                                 struct hsm_root_rewrapped *rewrapped);
/*
 * Has the token make one, wrapped by no older KEK than the registry depends on, and open it once.
 * This process does not keep it.
 */
MUST_CHECK enum err roots_make(struct change *change, uint16_t generation,
                               uint8_t wrapped[static HSM_ROOT_WRAPPED_BYTES]);
