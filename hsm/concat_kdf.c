#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/concat_kdf.h"

#define KEY_BYTES      32
#define OTHER_INFO_MAX (3 * 4 + CONCAT_KDF_ALGORITHM_MAX + 2 * CONCAT_KDF_PARTY_MAX + 4)
#define BITS_IN_A_BYTE 8

/* Looked up once: a fetch costs more than the derivation. It stays for the life of the process. */
static EVP_KDF *one_step;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void) {
    one_step = EVP_KDF_fetch(NULL, "SSKDF", NULL);
}

static enum err check_sizes(const struct concat_kdf *kdf, size_t key_len) {
    bool too_large = strlen(kdf->algorithm) > CONCAT_KDF_ALGORITHM_MAX ||
                     kdf->party_u.len > CONCAT_KDF_PARTY_MAX ||
                     kdf->party_v.len > CONCAT_KDF_PARTY_MAX || key_len > CONCAT_KDF_KEY_MAX;
    return too_large ? ERR_TOO_LARGE : ERR_OK;
}

enum err concat_kdf_derive(const struct concat_kdf *kdf,
                           const uint8_t shared[static CONCAT_KDF_SHARED_BYTES], uint8_t *key,
                           size_t key_len) {
    uint8_t memory[OTHER_INFO_MAX];
    struct buffer other = buffer_over(memory, sizeof memory);
    struct bytes info;
    ERR_TRY(check_sizes(kdf, key_len));
    buffer_text(&other, kdf->algorithm);
    buffer_block(&other, kdf->party_u);
    buffer_block(&other, kdf->party_v);
    buffer_u32(&other, (uint32_t)(key_len * BITS_IN_A_BYTE));
    ERR_TRY(buffer_end(&other, &info));
    if (pthread_once(&fetched, fetch) != 0 || one_step == NULL)
        return ERR_CRYPTO;
    OPENSSL_SCOPE(EVP_KDF_CTX) *derivation = EVP_KDF_CTX_new(one_step);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)shared,
                                          CONCAT_KDF_SHARED_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.data,
                                          info.len),
        OSSL_PARAM_construct_end(),
    };
    if (derivation == NULL || EVP_KDF_derive(derivation, key, key_len, parameters) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

enum err concat_kdf_a256gcm(const uint8_t shared[static CONCAT_KDF_SHARED_BYTES],
                            struct bytes party_u, struct bytes party_v, uint8_t key[static 32]) {
    const struct concat_kdf kdf = {.algorithm = "A256GCM", .party_u = party_u, .party_v = party_v};
    return concat_kdf_derive(&kdf, shared, key, KEY_BYTES);
}
