#include "hsm/signing.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "firmware/base/log.h"

static bool set(EVP_PKEY_CTX *operation, const char *hash_name, int padding) {
    const EVP_MD *hash = EVP_get_digestbyname(hash_name);
    if (hash == NULL || EVP_PKEY_CTX_set_signature_md(operation, hash) != 1)
        return false;
    if (padding != SIGNING_NO_PADDING && EVP_PKEY_CTX_set_rsa_padding(operation, padding) != 1)
        return false;
    return padding != RSA_PKCS1_PSS_PADDING ||
           (EVP_PKEY_CTX_set_rsa_pss_saltlen(operation, RSA_PSS_SALTLEN_DIGEST) == 1 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(operation, hash) == 1);
}

enum err signing_open(struct signing *signing, EVP_PKEY *key, const char *hash, int padding) {
    signing->sign = EVP_PKEY_CTX_new(key, NULL);
    signing->verify = EVP_PKEY_CTX_new(key, NULL);
    if (signing->sign == NULL || signing->verify == NULL)
        return ERR_SYSTEM;
    if (EVP_PKEY_sign_init(signing->sign) != 1 || !set(signing->sign, hash, padding) ||
        EVP_PKEY_verify_init(signing->verify) != 1 || !set(signing->verify, hash, padding))
        return ERR_CRYPTO;
    return ERR_OK;
}

void signing_close(struct signing *signing) {
    EVP_PKEY_CTX_free(signing->sign);
    EVP_PKEY_CTX_free(signing->verify);
    *signing = (struct signing){0};
}

enum err signing_make(struct signing *signing, struct bytes digest, uint8_t *signature,
                      size_t *len) {
    size_t room = *len;
    ERR_clear_error();
    if (EVP_PKEY_sign(signing->sign, signature, len, digest.data, digest.len) != 1) {
        log_event(LOG_ERROR, "token-failed", "operation=sign error=0x%lx", ERR_peek_error());
        return ERR_HSM;
    }
    if (EVP_PKEY_verify(signing->verify, signature, *len, digest.data, digest.len) == 1)
        return ERR_OK;
    log_event(LOG_ERROR, "token-signed-wrong", "the signature does not verify and is not used");
    memset(signature, 0, room);
    return ERR_HSM;
}
