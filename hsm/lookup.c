#include <sodium.h>

#include "hsm/lookup.h"

static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "idcs lookup key";

enum err lookup_key(const struct secret *pepper, const uint8_t id_hash[static HSM_ID_HASH_BYTES],
                    uint8_t key[static HSM_LOOKUP_KEY_BYTES]) {
    if (pepper->len < crypto_generichash_blake2b_KEYBYTES)
        return ERR_CRYPTO;
    int failed = crypto_generichash_blake2b_salt_personal(key, HSM_LOOKUP_KEY_BYTES, id_hash,
                                                          HSM_ID_HASH_BYTES, pepper->data,
                                                          pepper->len, NULL, personal);
    return failed == 0 ? ERR_OK : ERR_CRYPTO;
}
