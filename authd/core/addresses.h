#pragma once

#include "hsm/wire.h"
#include "authd/store/registry.h"

/* Where there may be a row about an identifier: under its lookup key of each pepper in use. */
struct addresses {
    size_t count;
    struct registry_address of[HSM_PEPPERS_MAX];
};
/* As many as a signer has told; personal data, as the keys are. */
struct addresses addresses_of(const struct hsm_lookup_keys *keys);
