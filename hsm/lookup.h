#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "hsm/wire.h"

/*
 * The lookup key of a person: BLAKE2b-256 of MOSIP's id hash, keyed with the pepper and personal to
 * this use. An IDCS is guessable, so that what the store is indexed by must not be computable
 * without the pepper, which never leaves the signer.
 */
MUST_CHECK enum err lookup_key(const struct secret *pepper,
                               const uint8_t id_hash[static HSM_ID_HASH_BYTES],
                               uint8_t key[static HSM_LOOKUP_KEY_BYTES]);
