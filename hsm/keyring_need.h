#pragma once

#include "hsm/keyring.h"
#include "hsm/keystate.h"
#include "hsm/wire_wrap.h"

/*
 * What is stored depends on keys of two purposes: rows of the keyring and record roots are wrapped
 * by the KEK, and the registry's rows are found by lookup keys made with the pepper. Such a key is
 * needed (keystate_key.needed) once it was active: as long as a row of the keyring is wrapped by it
 * or by one before it, and as long as the registry depends on its generation, by provd's word.
 * While provd has said nothing, all of them are.
 */

/* Whether anything stored depends on keys of ${purpose}. */
bool keyring_need_concerns(enum hsm_purpose purpose);

/*
 * Takes provd's word of what the registry depends on, for both purposes or none. ERR_DENIED: less
 * than was told before, or later than the active key. ERR_NOT_FOUND: there is no active key.
 */
MUST_CHECK enum err keyring_need_tell(struct keyring *keyring, const struct hsm_need *need);
/* What was told last; 0: nothing. */
MUST_CHECK enum err keyring_need_told(struct keyring *keyring, enum hsm_purpose purpose,
                                      uint16_t *from);

struct kv_txn;
/* Marks those of ${keys}, all of ${purpose}, that are needed, within a transaction. */
MUST_CHECK enum err keyring_need_mark(struct kv_txn *txn, enum hsm_purpose purpose,
                                      struct keystate_key *keys, size_t count);
