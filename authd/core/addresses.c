#include <string.h>

#include "authd/core/addresses.h"

_Static_assert(HSM_LOOKUP_KEY_BYTES == IDENTITY_LOOKUP_BYTES, "the signer makes the record's key");

struct addresses addresses_of(const struct hsm_lookup_keys *keys) {
    struct addresses addresses = {.count = keys->count};
    for (size_t i = 0; i < keys->count; i++)
        memcpy(addresses.of[i].lookup_key, keys->of[i].key, sizeof keys->of[i].key);
    return addresses;
}
