#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/jose_seal.h"

#include "firmware/base/codec.h"
#include "firmware/base/openssl_scope.h"
#include "firmware/base/secret.h"
#include "hsm/concat_kdf.h"

enum {
    KEY_BYTES = 32,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    POINT_BYTES = 65,
    COORDINATE_BYTES = 32,
    HEADER_MAX = 320,
    HEADER_CHARS_MAX = CODEC_BASE64_CHARS(HEADER_MAX),
};

size_t jose_seal_chars(size_t jwt_len) {
    return HEADER_CHARS_MAX + 2 + CODEC_BASE64_CHARS(IV_BYTES) + 1 + CODEC_BASE64_CHARS(jwt_len) +
           1 + CODEC_BASE64_CHARS(TAG_BYTES);
}

/* The shared secret of the two keys, and from it the content key. */
static enum err agree(EVP_PKEY *pair, EVP_PKEY *public, struct secret *key) {
    SECRET(shared);
    size_t len = COORDINATE_BYTES;
    const struct bytes nobody = bytes_of("", 0);
    OPENSSL_SCOPE(EVP_PKEY_CTX) *agreement = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    ERR_TRY(secret_new(&shared, COORDINATE_BYTES));
    ERR_TRY(secret_new(key, KEY_BYTES));
    if (agreement == NULL || EVP_PKEY_derive_init(agreement) != 1 ||
        EVP_PKEY_derive_set_peer_ex(agreement, public, 0) != 1 ||
        EVP_PKEY_derive(agreement, shared.data, &len) != 1 || len != COORDINATE_BYTES)
        return ERR_CRYPTO;
    return concat_kdf_a256gcm(shared.data, nobody, nobody, key->data);
}

static enum err put_header(EVP_PKEY *pair, const struct jose_client_key *recipient,
                           struct buffer *header) {
    uint8_t point[POINT_BYTES];
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof(point), &len) != 1 ||
        len != POINT_BYTES)
        return ERR_CRYPTO;
    buffer_format(header, "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"");
    codec_base64url(header, bytes_of(recipient->kid, sizeof(recipient->kid)));
    buffer_format(header, "\",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    codec_base64url(header, bytes_of(point + 1, COORDINATE_BYTES));
    buffer_format(header, "\",\"y\":\"");
    codec_base64url(header, bytes_of(point + 1 + COORDINATE_BYTES, COORDINATE_BYTES));
    buffer_format(header, "\"}}");
    return header->err;
}

struct sealed_parts {
    uint8_t iv[IV_BYTES], tag[TAG_BYTES];
    uint8_t *text; /* ciphertext, as long as the plaintext */
};

static enum err encrypt(const struct secret *key, struct bytes protected_header, struct bytes jwt,
                        struct sealed_parts *parts) {
    OPENSSL_SCOPE(EVP_CIPHER_CTX) *gcm = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    parts->text = malloc(jwt.len + 1);
    if (parts->text == NULL)
        return ERR_FULL;
    if (gcm == NULL || RAND_bytes(parts->iv, IV_BYTES) != 1 ||
        EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, key->data, parts->iv) != 1 ||
        EVP_EncryptUpdate(gcm, NULL, &len, protected_header.data, (int)protected_header.len) != 1 ||
        EVP_EncryptUpdate(gcm, parts->text, &len, jwt.data, (int)jwt.len) != 1 ||
        EVP_EncryptFinal_ex(gcm, parts->text + len, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, parts->tag) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

static void free_parts(struct sealed_parts *parts) {
    free(parts->text);
}

enum err jose_seal(struct p256_cache *keys, const struct jose_client_key *recipient,
                   struct bytes jwt, struct buffer *sealed) {
    SECRET(key);
    __attribute__((cleanup(free_parts))) struct sealed_parts parts = {.iv = {0}};
    OPENSSL_SCOPE(EVP_PKEY) *pair = NULL;
    EVP_PKEY *public = NULL;
    uint8_t memory[HEADER_MAX];
    struct buffer header = buffer_over(memory, sizeof(memory));
    size_t begun = sealed->len;
    ERR_TRY(p256_public(keys, recipient, &public));
    ERR_TRY(p256_ephemeral(keys, &pair));
    ERR_TRY(agree(pair, public, &key));
    ERR_TRY(put_header(pair, recipient, &header));
    codec_base64url(sealed, bytes_of(memory, header.len));
    ERR_TRY(sealed->err);
    ERR_TRY(encrypt(&key, bytes_of(sealed->data + begun, sealed->len - begun), jwt, &parts));
    buffer_raw(sealed, "..", 2);
    codec_base64url(sealed, bytes_of(parts.iv, IV_BYTES));
    buffer_raw(sealed, ".", 1);
    codec_base64url(sealed, bytes_of(parts.text, jwt.len));
    buffer_raw(sealed, ".", 1);
    codec_base64url(sealed, bytes_of(parts.tag, TAG_BYTES));
    return sealed->err;
}
