#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/mosip_client.h"

#include "firmware/base/codec.h"

enum { KEY_BYTES = 32, IV_BYTES = 16, TAG_BYTES = 16, WRAPPED_MAX = 512 };

/* Decodes a member of ${response}; the caller frees what it gives, NULL when it is no base64. */
static uint8_t *decode(const json_t *response, const char *name, size_t *len) {
    const char *text = json_string_value(json_object_get(response, name));
    size_t size = text != NULL ? CODEC_BASE64_BYTES(strlen(text)) : 0;
    uint8_t *data = text != NULL ? malloc(size) : NULL;
    if (data != NULL &&
        codec_base64_decode(bytes_of_text(text), CODEC_STRICT, data, size, len) == ERR_OK)
        return data;
    free(data);
    return NULL;
}

/* Sealed for the certificate that we sign with? */
static enum err check_thumbprint(const struct kit_partner *partner, const json_t *response) {
    const char *text = json_string_value(json_object_get(response, "thumbprint"));
    uint8_t hash[32];
    char hex[64];
    unsigned len = sizeof(hash);
    struct buffer target = buffer_over(hex, sizeof(hex));
    if (text == NULL)
        return ERR_MALFORMED;
    if (X509_digest(partner->certificate, EVP_sha256(), hash, &len) != 1)
        return ERR_CRYPTO;
    codec_hex_upper(&target, bytes_of(hash, sizeof(hash)));
    return bytes_equal_text(bytes_of(hex, sizeof(hex)), text) ? ERR_OK : ERR_DENIED;
}

static enum err unwrap_key(EVP_PKEY *own, struct bytes wrapped, uint8_t key[static KEY_BYTES]) {
    uint8_t plain[WRAPPED_MAX];
    size_t len = sizeof(plain);
    EVP_PKEY_CTX *oaep = EVP_PKEY_CTX_new(own, NULL);
    bool opened = oaep != NULL && EVP_PKEY_decrypt_init(oaep) == 1 &&
                  EVP_PKEY_CTX_set_rsa_padding(oaep, RSA_PKCS1_OAEP_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_oaep_md(oaep, EVP_sha256()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_mgf1_md(oaep, EVP_sha256()) == 1 &&
                  EVP_PKEY_decrypt(oaep, plain, &len, wrapped.data, wrapped.len) == 1 &&
                  len == KEY_BYTES;
    EVP_PKEY_CTX_free(oaep);
    if (opened)
        memcpy(key, plain, KEY_BYTES);
    return opened ? ERR_OK : ERR_CRYPTO;
}

/* Opens ciphertext ‖ tag ‖ IV in place. */
static enum err open_sealed(const uint8_t key[static KEY_BYTES], uint8_t *sealed, size_t *len) {
    if (*len < TAG_BYTES + IV_BYTES)
        return ERR_MALFORMED;
    size_t plain_len = *len - TAG_BYTES - IV_BYTES;
    uint8_t *tag = sealed + plain_len, *iv = tag + TAG_BYTES;
    int written = 0, last = 0;
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    bool opened = gcm != NULL &&
                  EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
                  EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_IVLEN, IV_BYTES, NULL) == 1 &&
                  EVP_DecryptInit_ex(gcm, NULL, NULL, key, iv) == 1 &&
                  EVP_DecryptUpdate(gcm, sealed, &written, sealed, (int)plain_len) == 1 &&
                  EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
                  EVP_DecryptFinal_ex(gcm, sealed + written, &last) == 1;
    EVP_CIPHER_CTX_free(gcm);
    *len = plain_len;
    return opened ? ERR_OK : ERR_CRYPTO;
}

enum err mosip_kyc_open(const struct kit_partner *partner, const json_t *response,
                        json_t **identity) {
    uint8_t key[KEY_BYTES];
    size_t wrapped_len = 0, sealed_len = 0;
    *identity = NULL;
    ERR_TRY(check_thumbprint(partner, response));
    uint8_t *wrapped = decode(response, "sessionKey", &wrapped_len);
    uint8_t *sealed = decode(response, "identity", &sealed_len);
    enum err result = wrapped != NULL && sealed != NULL ? ERR_OK : ERR_MALFORMED;
    if (result == ERR_OK)
        result = unwrap_key(partner->key, bytes_of(wrapped, wrapped_len), key);
    if (result == ERR_OK)
        result = open_sealed(key, sealed, &sealed_len);
    if (result == ERR_OK)
        *identity = json_loadb((const char *)sealed, sealed_len, JSON_REJECT_DUPLICATES, NULL);
    free(wrapped);
    free(sealed);
    return result == ERR_OK && *identity == NULL ? ERR_MALFORMED : result;
}
