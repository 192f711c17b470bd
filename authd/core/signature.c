#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/signature.h"

#include "firmware/base/codec.h"

/* A national box has some dozens of programmes; a cache that is full starts over at the oldest. */
enum { CACHE_ENTRIES = 256, ENCODE_PIECE = 3 * 1024 };

struct signature_cache {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    size_t next;
    struct {
        uint8_t thumbprint[32];
        EVP_PKEY *key;
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
        EVP_PKEY_free(cache->entries[i].key);
    EVP_MD_CTX_free(cache->digest);
    EVP_MD_free(cache->sha256);
    free(cache);
}

/* The registered key of ${partner}; it stays the cache's. RSA of at least 2048 bits or nothing. */
static enum err registered_key(struct signature_cache *cache, const struct partner *partner,
                               EVP_PKEY **key) {
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        if (cache->entries[i].key != NULL &&
            memcmp(cache->entries[i].thumbprint, partner->certificate_thumbprint, 32) == 0) {
            *key = cache->entries[i].key;
            return ERR_OK;
        }
    }
    const unsigned char *der = partner->public_key;
    EVP_PKEY *parsed = d2i_PUBKEY(NULL, &der, partner->public_key_len);
    if (parsed == NULL || EVP_PKEY_get_base_id(parsed) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(parsed) < 2048) {
        EVP_PKEY_free(parsed);
        return ERR_CRYPTO;
    }
    EVP_PKEY_free(cache->entries[cache->next].key);
    memcpy(cache->entries[cache->next].thumbprint, partner->certificate_thumbprint, 32);
    cache->entries[cache->next].key = *key = parsed;
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
        if (EVP_DigestVerifyUpdate(digest, written.data, written.len) != 1)
            return ERR_CRYPTO;
        body = bytes_of(body.data + piece, body.len - piece);
    }
    return ERR_OK;
}

enum err signature_verify(struct signature_cache *cache, const struct partner *partner,
                          const struct signature_parts *parts, bool *valid) {
    *valid = false;
    EVP_PKEY *key = NULL;
    ERR_TRY(registered_key(cache, partner, &key));
    if (EVP_MD_CTX_reset(cache->digest) != 1 ||
        EVP_DigestVerifyInit(cache->digest, NULL, cache->sha256, NULL, key) != 1 ||
        EVP_DigestVerifyUpdate(cache->digest, parts->protected_header.data,
                               parts->protected_header.len) != 1 ||
        EVP_DigestVerifyUpdate(cache->digest, ".", 1) != 1)
        return ERR_CRYPTO;
    ERR_TRY(digest_base64url(cache->digest, parts->body));
    *valid = EVP_DigestVerifyFinal(cache->digest, parts->signature.data, parts->signature.len) == 1;
    return ERR_OK;
}
