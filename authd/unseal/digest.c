#include <string.h>

#include <openssl/evp.h>

#include "authd/unseal/digest.h"

static struct {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
} digest;

enum err digest_open(void) {
    if (digest.context != NULL)
        return ERR_OK;
    digest.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    digest.context = EVP_MD_CTX_new();
    if (digest.sha256 != NULL && digest.context != NULL)
        return ERR_OK;
    digest_close();
    return ERR_CRYPTO;
}

void digest_close(void) {
    EVP_MD_CTX_free(digest.context);
    EVP_MD_free(digest.sha256);
    digest.context = NULL;
    digest.sha256 = NULL;
}

enum err digest_sha256(struct bytes data, uint8_t hash[static DIGEST_BYTES]) {
    unsigned len = 0;
    if (digest.context != NULL && EVP_DigestInit_ex2(digest.context, digest.sha256, NULL) == 1 &&
        EVP_DigestUpdate(digest.context, data.data, data.len) == 1 &&
        EVP_DigestFinal_ex(digest.context, hash, &len) == 1 && len == DIGEST_BYTES)
        return ERR_OK;
    memset(hash, 0, DIGEST_BYTES);
    return ERR_CRYPTO;
}
