#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/*
 * Operations on keys. ERR_OK: done. An error with an outcome set: refused, nothing has changed. An
 * error without: the question breaks the protocol, and the officer's connection ends.
 */
MUST_CHECK enum err keys_initialise(struct change *change);
MUST_CHECK enum err keys_list(struct change *change);
/* Refuses while no signer has the keys that a box cannot do without. */
MUST_CHECK enum err keys_require(struct change *change);
/* Refuses while there is no keyring: one that lacks an active key can be asked and ordered. */
MUST_CHECK enum err keys_require_keyring(struct change *change);

/*
 * Opens the record roots of the registry with a signer, once, but for one that is only offered
 * (registry_roll.h): nothing may be sealed under that yet. Refuses when that fails.
 */
MUST_CHECK enum err keys_open_roots(struct change *change);
/* Opens this one: if it is the newest, it seals from now on. */
MUST_CHECK enum err keys_open_root(struct change *change, uint16_t generation);
