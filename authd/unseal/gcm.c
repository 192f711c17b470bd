#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "authd/unseal/gcm.h"

static struct {
    EVP_CIPHER *aes_gcm;
    EVP_CIPHER_CTX *context;
    size_t iv_bytes; /* of the key that is set; 0: none is */
} cipher;

enum err gcm_open(void) {
    if (cipher.context == NULL) {
        cipher.aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        cipher.context = EVP_CIPHER_CTX_new();
    }
    if (cipher.aes_gcm != NULL && cipher.context != NULL)
        return ERR_OK;
    gcm_close();
    return ERR_CRYPTO;
}

void gcm_close(void) {
    EVP_CIPHER_CTX_free(cipher.context);
    EVP_CIPHER_free(cipher.aes_gcm);
    cipher.iv_bytes = 0;
    cipher.context = NULL;
    cipher.aes_gcm = NULL;
}

/* The length of the IV comes before the key: one of 16 bytes is hashed to the counter block, unlike
 * one of 12. */
enum err gcm_set_key(const uint8_t key[static GCM_KEY_BYTES], size_t iv_bytes) {
    bool set =
        cipher.context != NULL &&
        EVP_DecryptInit_ex2(cipher.context, cipher.aes_gcm, NULL, NULL, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv_bytes, NULL) == 1 &&
        EVP_DecryptInit_ex2(cipher.context, NULL, key, NULL, NULL) == 1;
    cipher.iv_bytes = set ? iv_bytes : 0;
    return set ? ERR_OK : ERR_CRYPTO;
}

void gcm_forget_key(void) {
    (void)EVP_CIPHER_CTX_reset(cipher.context);
    cipher.iv_bytes = 0;
    ERR_clear_error();
}

/* Decrypts into ${plaintext}, which has the ciphertext's length. */
static bool decrypt(const struct gcm_sealed *sealed, struct secret *plaintext) {
    uint8_t expected[GCM_TAG_BYTES]; /* OpenSSL wants the tag writable */
    memcpy(expected, sealed->tag, sizeof expected);
    int len = 0, rest = 0, additional = 0;
    if (cipher.iv_bytes == 0 || cipher.iv_bytes != sealed->iv.len ||
        sealed->ciphertext.len > INT_MAX || sealed->additional.len > INT_MAX ||
        EVP_DecryptInit_ex2(cipher.context, NULL, NULL, sealed->iv.data, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, expected) != 1)
        return false;
    if (sealed->additional.len > 0 &&
        EVP_DecryptUpdate(cipher.context, NULL, &additional, sealed->additional.data,
                          (int)sealed->additional.len) != 1)
        return false;
    if (plaintext->len > 0 && EVP_DecryptUpdate(cipher.context, plaintext->data, &len,
                                                sealed->ciphertext.data, (int)plaintext->len) != 1)
        return false;
    uint8_t *end = plaintext->len > 0 ? plaintext->data + len : expected;
    return EVP_DecryptFinal_ex(cipher.context, end, &rest) == 1 &&
           (size_t)len + (size_t)rest == plaintext->len;
}

enum err gcm_decrypt(const struct gcm_sealed *sealed, struct secret *plaintext, bool *opened) {
    *opened = false;
    if (sealed->ciphertext.len > 0)
        ERR_TRY(secret_new(plaintext, sealed->ciphertext.len));
    *opened = decrypt(sealed, plaintext);
    if (!*opened)
        secret_free(plaintext);
    return ERR_OK;
}
