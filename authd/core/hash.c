#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "authd/core/hash.h"

/* It stays for the life of the process. */
static EVP_MD *sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void) {
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

enum err hash_sha256(struct bytes data, uint8_t hash[static HASH_SHA256_BYTES]) {
    unsigned len = 0;
    if (pthread_once(&fetched, fetch) == 0 && sha256 != NULL &&
        EVP_Digest(data.data, data.len, hash, &len, sha256, NULL) == 1 && len == HASH_SHA256_BYTES)
        return ERR_OK;
    memset(hash, 0, HASH_SHA256_BYTES);
    return ERR_CRYPTO;
}
