#include <string.h>

#include <sodium.h>

#include "hsm/lookup.h"

static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "idcs lookup key";

enum err lookup_add(struct lookup_peppers *peppers, uint16_t generation, struct secret *pepper) {
    if (peppers->count == HSM_PEPPERS_MAX)
        return ERR_FULL;
    if (pepper->len < crypto_generichash_blake2b_KEYBYTES)
        return ERR_CRYPTO;
    for (size_t i = 0; i < peppers->count; i++)
        if (peppers->of[i].generation == generation)
            return ERR_CORRUPT;
    if (generation == 0)
        return ERR_CORRUPT;
    peppers->of[peppers->count].generation = generation;
    peppers->of[peppers->count].pepper = *pepper;
    peppers->count++;
    *pepper = (struct secret){0};
    return ERR_OK;
}

void lookup_forget(struct lookup_peppers *peppers) {
    for (size_t i = 0; i < peppers->count; i++)
        secret_free(&peppers->of[i].pepper);
    *peppers = (struct lookup_peppers){0};
}

enum err lookup_keys(const struct lookup_peppers *peppers,
                     const uint8_t id_hash[static HSM_ID_HASH_BYTES],
                     struct hsm_lookup_keys *keys) {
    memset(keys, 0, sizeof *keys);
    if (peppers->count == 0)
        return ERR_CRYPTO;
    for (size_t i = 0; i < peppers->count; i++) {
        const struct secret *pepper = &peppers->of[i].pepper;
        int failed = crypto_generichash_blake2b_salt_personal(
            keys->of[i].key, sizeof keys->of[i].key, id_hash, HSM_ID_HASH_BYTES, pepper->data,
            pepper->len, NULL, personal);
        if (failed != 0)
            return ERR_CRYPTO;
        keys->of[i].generation = peppers->of[i].generation;
    }
    keys->count = peppers->count;
    return ERR_OK;
}
