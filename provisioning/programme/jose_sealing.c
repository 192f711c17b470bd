#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <string.h>

#include "provisioning/programme/jose_sealing.h"

#include "firmware/base/codec.h"
#include "hsm/concat_kdf.h"

enum {
    KEY_BYTES = 32,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    COORDINATE_BYTES = 32,
    HEADER_MAX = 1024,
    PARTS = 5
};

static enum err agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t key[static KEY_BYTES]) {
    uint8_t shared[CONCAT_KDF_SHARED_BYTES];
    size_t len = sizeof(shared);
    EVP_PKEY_CTX *derivation = EVP_PKEY_CTX_new(own, NULL);
    enum err result = ERR_CRYPTO;
    if (derivation != NULL && EVP_PKEY_derive_init(derivation) == 1 &&
        EVP_PKEY_derive_set_peer(derivation, peer) == 1 &&
        EVP_PKEY_derive(derivation, shared, &len) == 1 && len == sizeof(shared))
        result = concat_kdf_a256gcm(shared, bytes_of(NULL, 0), bytes_of(NULL, 0), key);
    EVP_PKEY_CTX_free(derivation);
    OPENSSL_cleanse(shared, sizeof(shared));
    return result;
}

/* Ciphertext ‖ tag of ${plain} into ${sealed}. */
static enum err encrypt(const uint8_t key[static KEY_BYTES], const uint8_t iv[static IV_BYTES],
                        struct bytes header, struct bytes plain, uint8_t *sealed) {
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    bool done = gcm != NULL && EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
                EVP_EncryptUpdate(gcm, NULL, &len, header.data, (int)header.len) == 1 &&
                EVP_EncryptUpdate(gcm, sealed, &len, plain.data, (int)plain.len) == 1 &&
                EVP_EncryptFinal_ex(gcm, sealed + len, &last) == 1 &&
                EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, sealed + plain.len) == 1;
    EVP_CIPHER_CTX_free(gcm);
    return done ? ERR_OK : ERR_CRYPTO;
}

static enum err put_header(struct buffer *target, const struct jose_party_key *recipient,
                           const EVP_PKEY *ephemeral) {
    uint8_t point[JOSE_CLIENT_POINT_BYTES];
    char text[HEADER_MAX];
    struct buffer header = buffer_over(text, sizeof(text));
    struct bytes view;
    ERR_TRY(jose_party_point(ephemeral, point));
    buffer_format(&header,
                  "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"kid\":\"%s\",\"epk\":{\"kty\":\"EC\","
                  "\"crv\":\"P-256\",\"x\":\"",
                  recipient->kid);
    codec_base64url(&header, bytes_of(point + 1, COORDINATE_BYTES));
    buffer_format(&header, "\",\"y\":\"");
    codec_base64url(&header, bytes_of(point + 1 + COORDINATE_BYTES, COORDINATE_BYTES));
    buffer_format(&header, "\"}}");
    ERR_TRY(buffer_end(&header, &view));
    codec_base64url(target, view);
    return target->err;
}

enum err jose_sealing_seal(const struct jose_party_key *recipient, struct bytes plain,
                           struct buffer *compact) {
    uint8_t key[KEY_BYTES], iv[IV_BYTES];
    EVP_PKEY *ephemeral = EVP_EC_gen("P-256");
    uint8_t *sealed = malloc(plain.len + TAG_BYTES);
    size_t start = compact->len;
    enum err result = ephemeral != NULL && sealed != NULL && RAND_bytes(iv, sizeof(iv)) == 1
                          ? put_header(compact, recipient, ephemeral)
                          : ERR_CRYPTO;
    struct bytes header = bytes_of(compact->data + start, compact->len - start);
    if (result == ERR_OK)
        result = agree(ephemeral, recipient->key, key);
    if (result == ERR_OK)
        result = encrypt(key, iv, header, plain, sealed);
    OPENSSL_cleanse(key, sizeof(key));
    if (result == ERR_OK) {
        buffer_format(compact, "..");
        codec_base64url(compact, bytes_of(iv, sizeof(iv)));
        buffer_format(compact, ".");
        codec_base64url(compact, bytes_of(sealed, plain.len));
        buffer_format(compact, ".");
        codec_base64url(compact, bytes_of(sealed + plain.len, TAG_BYTES));
        result = compact->err;
    }
    EVP_PKEY_free(ephemeral);
    free(sealed);
    return result;
}

static enum err split(struct bytes compact, struct bytes parts[static PARTS]) {
    size_t count = 0, start = 0;
    for (size_t at = 0; at <= compact.len; at++) {
        if (at < compact.len && compact.data[at] != '.')
            continue;
        if (count == PARTS)
            return ERR_MALFORMED;
        parts[count++] = bytes_of(compact.data + start, at - start);
        start = at + 1;
    }
    return count == PARTS && parts[1].len == 0 ? ERR_OK : ERR_MALFORMED;
}

static EVP_PKEY *ephemeral_of(struct bytes header) {
    uint8_t text[HEADER_MAX];
    size_t len = 0;
    if (codec_base64_decode(header, CODEC_STRICT, text, sizeof(text), &len) != ERR_OK)
        return NULL;
    json_t *document = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
    EVP_PKEY *key = jose_party_key_of(json_object_get(document, "epk"));
    json_decref(document);
    return key;
}

/* What is in the five parts, decoded. */
struct opening {
    struct bytes header; /* its characters */
    uint8_t iv[IV_BYTES];
    uint8_t *sealed; /* ciphertext ‖ tag */
    size_t sealed_len;
};

static enum err decrypt(const uint8_t key[static KEY_BYTES], const struct opening *opening,
                        struct buffer *plain) {
    size_t len = opening->sealed_len - TAG_BYTES;
    uint8_t *sealed = opening->sealed;
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    int count = 0, last = 0;
    bool done =
        gcm != NULL && EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, key, opening->iv) == 1 &&
        EVP_DecryptUpdate(gcm, NULL, &count, opening->header.data, (int)opening->header.len) == 1 &&
        EVP_DecryptUpdate(gcm, sealed, &count, sealed, (int)len) == 1 &&
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, sealed + len) == 1 &&
        EVP_DecryptFinal_ex(gcm, sealed + count, &last) == 1;
    EVP_CIPHER_CTX_free(gcm);
    if (!done)
        return ERR_CRYPTO;
    buffer_raw(plain, sealed, len);
    return plain->err;
}

static enum err decode_sealed(const struct bytes parts[static PARTS], uint8_t *sealed, size_t size,
                              size_t *len) {
    size_t tag_len = 0;
    ERR_TRY(codec_base64_decode(parts[3], CODEC_STRICT, sealed, size, len));
    ERR_TRY(codec_base64_decode(parts[4], CODEC_STRICT, sealed + *len, size - *len, &tag_len));
    *len += tag_len;
    return tag_len == TAG_BYTES ? ERR_OK : ERR_MALFORMED;
}

enum err jose_sealing_open(const struct jose_party_key *recipient, struct bytes compact,
                           struct buffer *plain) {
    struct bytes parts[PARTS];
    uint8_t key[KEY_BYTES];
    size_t iv_len = 0, size = compact.len + TAG_BYTES;
    ERR_TRY(split(compact, parts));
    struct opening opening = {.header = parts[0]};
    ERR_TRY(codec_base64_decode(parts[2], CODEC_STRICT, opening.iv, IV_BYTES, &iv_len));
    opening.sealed = malloc(size);
    EVP_PKEY *ephemeral = ephemeral_of(parts[0]);
    bool whole = ephemeral != NULL && opening.sealed != NULL && iv_len == IV_BYTES;
    enum err result = whole ? ERR_OK : ERR_MALFORMED;
    if (result == ERR_OK)
        result = decode_sealed(parts, opening.sealed, size, &opening.sealed_len);
    if (result == ERR_OK)
        result = agree(recipient->key, ephemeral, key);
    if (result == ERR_OK)
        result = decrypt(key, &opening, plain);
    OPENSSL_cleanse(key, sizeof(key));
    EVP_PKEY_free(ephemeral);
    free(opening.sealed);
    return result;
}
