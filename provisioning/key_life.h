#pragma once

#include "hsm/wire.h"
#include "provisioning/change.h"

/*
 * What officers ask and order about the life of keys: provd writes the order into the journal, and
 * signer 0 takes it. Outcomes as in provisioning/keys.h.
 */
MUST_CHECK enum err key_life_list(struct change *change);
/* ERR_NOT_FOUND: no such purpose. */
MUST_CHECK enum err key_life_purpose(const char *name, enum hsm_purpose *purpose);
MUST_CHECK enum err key_life_order(struct change *change);
