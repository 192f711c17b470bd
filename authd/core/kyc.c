#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/kyc.h"

#include "firmware/base/codec.h"
#include "firmware/base/openssl_scope.h"
#include "authd/core/attributes.h"

enum { KEY_BYTES = 32, IV_BYTES = 16, TAG_BYTES = 16 };

#define TEXT_MAX  (20u * 1024u) /* of all attributes but the photo */
#define PLAIN_MAX (STATEMENT_IDENTITY_MAX - TAG_BYTES - IV_BYTES)
_Static_assert(TEXT_MAX + (PHOTO_BYTES_MAX + 2) / 3 * 4 <= PLAIN_MAX, "the largest photo fits");

/* The JSON object being written. */
struct object {
    struct buffer *json;
    bool begun;
};

/* As far as the quote before the value. */
static void begin_member(struct object *object, const char *name, const char *language) {
    buffer_format(object->json, "%s\"", object->begun ? "," : "{");
    codec_json_escape(object->json, bytes_of_text(name));
    if (language[0] != '\0')
        buffer_format(object->json, "_%s", language);
    buffer_format(object->json, "\":\"");
    object->begun = true;
}

static void add_member(struct object *object, const char *name, const char *language,
                       struct bytes value) {
    begin_member(object, name, language);
    codec_json_escape(object->json, value);
    buffer_format(object->json, "\"");
}

/* A member under one name, as its values come. */
struct member {
    struct object *object;
    const char *name;
};

static void add_value(void *context, const char *language, struct bytes value) {
    struct member *member = context;
    add_member(member->object, member->name, language, value);
}

static void add_photo(struct object *object, const struct policy_attribute *attribute,
                      struct bytes photo) {
    if (photo.len == 0)
        return;
    begin_member(object, attribute->name, "");
    codec_base64(object->json, photo);
    buffer_format(object->json, "\"");
}

static void add_attribute(const struct core *core, const struct request *request,
                          const struct policy_attribute *attribute, struct object *object) {
    struct member member = {object, attributes_answer_name(attribute->name)};
    const struct attributes_reader reader = {add_value, &member};
    attributes_each(core, request, attribute, &reader);
}

enum err kyc_write(const struct core *core, const struct request *request, struct bytes photo,
                   struct buffer *json) {
    const struct policy *policy = &request->policy;
    struct object object = {.json = json};
    struct bytes written;
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct policy_attribute *attribute = &policy->attributes[i];
        if (!attributes_is_photo(attribute))
            add_attribute(core, request, attribute, &object);
        else if (attribute == attributes_photo(policy))
            add_photo(&object, attribute, photo);
    }
    buffer_format(json, "%s", object.begun ? "}" : "{}");
    return buffer_end(json, &written);
}

/* ciphertext ‖ tag16 ‖ IV16 at ${sealed}, which has room for both (§2.2). */
static enum err encrypt(const struct secret *key, struct bytes plain, uint8_t *sealed) {
    OPENSSL_SCOPE(EVP_CIPHER_CTX) *gcm = EVP_CIPHER_CTX_new();
    uint8_t *tag = sealed + plain.len, *iv = tag + TAG_BYTES;
    int len = 0, last = 0;
    if (gcm == NULL || RAND_bytes(iv, IV_BYTES) != 1 ||
        EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_IVLEN, IV_BYTES, NULL) != 1 ||
        EVP_EncryptInit_ex(gcm, NULL, NULL, key->data, iv) != 1 ||
        EVP_EncryptUpdate(gcm, sealed, &len, plain.data, (int)plain.len) != 1 ||
        EVP_EncryptFinal_ex(gcm, sealed + len, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

/* RSA-OAEP, SHA-256 for hash and MGF1, to the programme's registered key. */
static enum err wrap(const struct partner *partner, const struct secret *key, uint8_t *wrapped,
                     size_t *len) {
    const unsigned char *der = partner->public_key;
    OPENSSL_SCOPE(EVP_PKEY) *public = d2i_PUBKEY(NULL, &der, partner->public_key_len);
    OPENSSL_SCOPE(EVP_PKEY_CTX) *oaep = public != NULL ? EVP_PKEY_CTX_new(public, NULL) : NULL;
    if (oaep == NULL || EVP_PKEY_encrypt_init(oaep) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(oaep, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(oaep, EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(oaep, EVP_sha256()) != 1 ||
        EVP_PKEY_encrypt(oaep, wrapped, len, key->data, key->len) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

/* Encrypts ${json} into memory of the request and lets the statement point to it. */
static enum err seal(struct request *request, struct bytes json) {
    SECRET(key);
    size_t sealed_len = json.len + TAG_BYTES + IV_BYTES, wrapped_len = STATEMENT_SESSION_KEY_MAX;
    ERR_TRY(secret_random(&key, KEY_BYTES));
    request->attributes = malloc(sealed_len + wrapped_len);
    if (request->attributes == NULL)
        return ERR_FULL;
    ERR_TRY(encrypt(&key, json, request->attributes));
    ERR_TRY(wrap(&request->partner, &key, request->attributes + sealed_len, &wrapped_len));
    request->statement.identity = bytes_of(request->attributes, sealed_len);
    request->statement.session_key = bytes_of(request->attributes + sealed_len, wrapped_len);
    memcpy(request->statement.certificate_thumbprint, request->partner.certificate_thumbprint,
           sizeof(request->statement.certificate_thumbprint));
    return ERR_OK;
}

enum err kyc_seal(const struct core *core, struct request *request) {
    SECRET(photo);
    SECRET(plain);
    struct bytes written;
    ERR_TRY(attributes_read_photo(core, request, &photo));
    ERR_TRY(secret_new(&plain, photo.len > 0 ? PLAIN_MAX : TEXT_MAX));
    struct buffer json = buffer_over(plain.data, plain.len);
    ERR_TRY(kyc_write(core, request, secret_view(&photo), &json));
    ERR_TRY(buffer_end(&json, &written));
    enum err result = seal(request, written);
    if (result == ERR_CRYPTO)
        request_refuse(request, MOSIP_EKA_001, "", "kyc-not-encrypted");
    return result == ERR_CRYPTO ? ERR_OK : result;
}
