#pragma once

#include "hsm/wire.h"
#include "provisioning/change.h"

/* Who still encrypts to a key, for officers, as core has counted it. */
MUST_CHECK enum err usage_show(struct change *change);
/*
 * Refuses, naming programmes and shares, when more than the threshold of what one of them sends
 * would be refused without this key; also when core cannot tell. A key that nobody encrypts to
 * passes.
 */
MUST_CHECK enum err usage_gate(struct change *change, enum hsm_purpose purpose,
                               uint16_t generation);
