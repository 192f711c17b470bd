#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/p256.h"

#include "authd/core/hash.h"

/* Two keys a programme; a cache that is full starts over at the oldest. */
enum { CACHE_ENTRIES = 256, COORDINATE_BYTES = 32, DER_SIGNATURE_MAX = 80 };

struct entry {
    uint8_t kid[JOSE_CLIENT_KID_BYTES];
    EVP_PKEY *public;
    EVP_PKEY_CTX *verification; /* ready; NULL until the first signature */
};

struct p256_cache {
    EVP_PKEY_CTX *generation;
    size_t count, next;
    struct entry entries[CACHE_ENTRIES];
};

enum err p256_cache_new(struct p256_cache **cache) {
    struct p256_cache *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ERR_FULL;
    made->generation = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (made->generation == NULL || EVP_PKEY_keygen_init(made->generation) != 1 ||
        EVP_PKEY_CTX_set_group_name(made->generation, SN_X9_62_prime256v1) != 1) {
        p256_cache_free(made);
        return ERR_CRYPTO;
    }
    *cache = made;
    return ERR_OK;
}

static void forget(struct entry *entry) {
    EVP_PKEY_CTX_free(entry->verification);
    EVP_PKEY_free(entry->public);
    *entry = (struct entry){.public = NULL};
}

void p256_cache_free(struct p256_cache *cache) {
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        forget(&cache->entries[i]);
    EVP_PKEY_CTX_free(cache->generation);
    free(cache);
}

/* Checks that the point is on the curve. */
static enum err import(const struct jose_client_key *key, EVP_PKEY **public) {
    EVP_PKEY_CTX *import = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                         (char *)(uintptr_t)SN_X9_62_prime256v1, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)key->point,
                                          sizeof(key->point)),
        OSSL_PARAM_construct_end()};
    bool made = import != NULL && EVP_PKEY_fromdata_init(import) == 1 &&
                EVP_PKEY_fromdata(import, public, EVP_PKEY_PUBLIC_KEY,
                                  (OSSL_PARAM *)(uintptr_t)parameters) == 1;
    EVP_PKEY_CTX_free(import);
    return made ? ERR_OK : ERR_CRYPTO;
}

static enum err entry_of(struct p256_cache *cache, const struct jose_client_key *key,
                         struct entry **entry) {
    for (size_t i = 0; i < cache->count; i++) {
        if (memcmp(cache->entries[i].kid, key->kid, sizeof(key->kid)) == 0) {
            *entry = &cache->entries[i];
            return ERR_OK;
        }
    }
    EVP_PKEY *public = NULL;
    ERR_TRY(import(key, &public));
    *entry = &cache->entries[cache->next];
    cache->next = (cache->next + 1) % CACHE_ENTRIES;
    if (cache->count < CACHE_ENTRIES)
        cache->count++;
    else
        forget(*entry);
    (*entry)->public = public;
    memcpy((*entry)->kid, key->kid, sizeof(key->kid));
    return ERR_OK;
}

enum err p256_public(struct p256_cache *cache, const struct jose_client_key *key,
                     EVP_PKEY **public) {
    struct entry *entry;
    ERR_TRY(entry_of(cache, key, &entry));
    *public = entry->public;
    return ERR_OK;
}

enum err p256_ephemeral(struct p256_cache *cache, EVP_PKEY **pair) {
    *pair = NULL;
    return EVP_PKEY_generate(cache->generation, pair) == 1 ? ERR_OK : ERR_CRYPTO;
}

/* One context serves all signatures of a key: what makes one costs as much as it then does. */
static enum err prepare(struct entry *entry) {
    if (entry->verification != NULL)
        return ERR_OK;
    entry->verification = EVP_PKEY_CTX_new_from_pkey(NULL, entry->public, NULL);
    if (entry->verification != NULL && EVP_PKEY_verify_init(entry->verification) == 1)
        return ERR_OK;
    EVP_PKEY_CTX_free(entry->verification);
    entry->verification = NULL;
    return ERR_CRYPTO;
}

/* r ‖ s as DER, which OpenSSL wants. */
static enum err to_der(const uint8_t signature[static P256_SIGNATURE_BYTES],
                       uint8_t der[static DER_SIGNATURE_MAX], size_t *len) {
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, COORDINATE_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + COORDINATE_BYTES, COORDINATE_BYTES, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return ERR_CRYPTO;
    }
    unsigned char *at = der;
    int written = i2d_ECDSA_SIG(pair, &at);
    ECDSA_SIG_free(pair);
    *len = written > 0 ? (size_t)written : 0;
    return written > 0 ? ERR_OK : ERR_CRYPTO;
}

enum err p256_verify(struct p256_cache *cache, const struct jose_client_key *key, struct bytes text,
                     const uint8_t signature[static P256_SIGNATURE_BYTES], bool *valid) {
    uint8_t der[DER_SIGNATURE_MAX], hash[HASH_SHA256_BYTES];
    size_t len = 0;
    struct entry *entry;
    *valid = false;
    ERR_TRY(entry_of(cache, key, &entry));
    ERR_TRY(prepare(entry));
    ERR_TRY(to_der(signature, der, &len));
    ERR_TRY(hash_sha256(text, hash));
    *valid = EVP_PKEY_verify(entry->verification, der, len, hash, sizeof(hash)) == 1;
    return ERR_OK;
}
