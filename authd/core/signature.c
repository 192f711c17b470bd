#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/signature.h"

#include "firmware/base/codec.h"
#include "authd/core/hash.h"

/* A national box has some dozens of programmes; a cache that is full starts over at the oldest. */
enum { CACHE_ENTRIES = 256, ENCODE_PIECE = 3 * 1024 };

struct signature_cache {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    size_t next;
    struct entry {
        uint8_t thumbprint[32];
        EVP_PKEY_CTX *verification; /* holds the key; NULL: the place is free */
    } entries[CACHE_ENTRIES];
};

enum err signature_cache_new(struct signature_cache **cache) {
    struct signature_cache *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ERR_FULL;
    made->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    made->digest = EVP_MD_CTX_new();
    if (made->sha256 == NULL || made->digest == NULL) {
        signature_cache_free(made);
        return ERR_CRYPTO;
    }
    *cache = made;
    return ERR_OK;
}

void signature_cache_free(struct signature_cache *cache) {
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_ENTRIES; i++)
        EVP_PKEY_CTX_free(cache->entries[i].verification);
    EVP_MD_CTX_free(cache->digest);
    EVP_MD_free(cache->sha256);
    free(cache);
}

/* RSA of at least 2048 bits or nothing. */
static enum err parse_key(const struct partner *partner, EVP_PKEY **key) {
    const unsigned char *der = partner->public_key;
    *key = d2i_PUBKEY(NULL, &der, partner->public_key_len);
    if (*key != NULL && EVP_PKEY_get_base_id(*key) == EVP_PKEY_RSA &&
        EVP_PKEY_get_bits(*key) >= 2048)
        return ERR_OK;
    EVP_PKEY_free(*key);
    *key = NULL;
    return ERR_CRYPTO;
}

/* One context serves all signatures of a key: to make one costs nearly as much as it then does. */
static enum err prepare(struct signature_cache *cache, const struct partner *partner,
                        EVP_PKEY_CTX **verification) {
    EVP_PKEY *key;
    ERR_TRY(parse_key(partner, &key));
    *verification = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    EVP_PKEY_free(key); /* the context has a reference of its own */
    if (*verification != NULL && EVP_PKEY_verify_init(*verification) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(*verification, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(*verification, cache->sha256) == 1)
        return ERR_OK;
    EVP_PKEY_CTX_free(*verification);
    *verification = NULL;
    return ERR_CRYPTO;
}

/* What verifies under the registered key of ${partner}; it stays the cache's. */
static enum err registered_key(struct signature_cache *cache, const struct partner *partner,
                               EVP_PKEY_CTX **verification) {
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        if (cache->entries[i].verification != NULL &&
            memcmp(cache->entries[i].thumbprint, partner->certificate_thumbprint, 32) == 0) {
            *verification = cache->entries[i].verification;
            return ERR_OK;
        }
    }
    ERR_TRY(prepare(cache, partner, verification));
    struct entry *entry = &cache->entries[cache->next];
    EVP_PKEY_CTX_free(entry->verification);
    memcpy(entry->thumbprint, partner->certificate_thumbprint, sizeof(entry->thumbprint));
    entry->verification = *verification;
    cache->next = (cache->next + 1) % CACHE_ENTRIES;
    return ERR_OK;
}

/* Digests base64url(${body}) in pieces of whole triples, so that no copy of the body is needed. */
static enum err digest_base64url(EVP_MD_CTX *digest, struct bytes body) {
    char text[CODEC_BASE64_CHARS(ENCODE_PIECE)];
    while (body.len > 0) {
        size_t piece = body.len < ENCODE_PIECE ? body.len : ENCODE_PIECE;
        struct buffer target = buffer_over(text, sizeof(text));
        struct bytes written;
        codec_base64url(&target, bytes_of(body.data, piece));
        ERR_TRY(buffer_end(&target, &written));
        if (EVP_DigestUpdate(digest, written.data, written.len) != 1)
            return ERR_CRYPTO;
        body = bytes_of(body.data + piece, body.len - piece);
    }
    return ERR_OK;
}

/* SHA-256 over protected header "." base64url(body). */
static enum err digest_parts(struct signature_cache *cache, const struct signature_parts *parts,
                             uint8_t hash[static HASH_SHA256_BYTES]) {
    if (EVP_DigestInit_ex2(cache->digest, cache->sha256, NULL) != 1 ||
        EVP_DigestUpdate(cache->digest, parts->protected_header.data,
                         parts->protected_header.len) != 1 ||
        EVP_DigestUpdate(cache->digest, ".", 1) != 1)
        return ERR_CRYPTO;
    ERR_TRY(digest_base64url(cache->digest, parts->body));
    return EVP_DigestFinal_ex(cache->digest, hash, NULL) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err signature_verify(struct signature_cache *cache, const struct partner *partner,
                          const struct signature_parts *parts, bool *valid) {
    uint8_t hash[HASH_SHA256_BYTES];
    EVP_PKEY_CTX *verification;
    *valid = false;
    ERR_TRY(registered_key(cache, partner, &verification));
    ERR_TRY(digest_parts(cache, parts, hash));
    *valid = EVP_PKEY_verify(verification, parts->signature.data, parts->signature.len, hash,
                             sizeof(hash)) == 1;
    return ERR_OK;
}
