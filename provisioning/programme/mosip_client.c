#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/mosip_client.h"

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/programme/mosip_sealing.h"

enum { KEY_BYTES = MOSIP_SEALING_KEY_BYTES, IV_BYTES = 16, TAG_BYTES = 16 };

void mosip_request_free(struct mosip_request *request) {
    free(request->body);
    free(request->signature);
    *request = (struct mosip_request){0};
}

enum err mosip_transaction_id(char transaction_id[static 11]) {
    uint8_t random[10];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return ERR_CRYPTO;
    for (size_t i = 0; i < sizeof(random); i++)
        transaction_id[i] = (char)('0' + random[i] % 10);
    transaction_id[10] = '\0';
    return ERR_OK;
}

/* base64url of ciphertext ‖ tag ‖ IV (§2.2). */
static char *seal(const uint8_t key[static KEY_BYTES], struct bytes plain) {
    uint8_t *sealed = malloc(plain.len + TAG_BYTES + IV_BYTES);
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    char *text = NULL;
    uint8_t *iv = sealed == NULL ? NULL : sealed + plain.len + TAG_BYTES;
    if (iv != NULL && gcm != NULL && RAND_bytes(iv, IV_BYTES) == 1 &&
        EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_IVLEN, IV_BYTES, NULL) == 1 &&
        EVP_EncryptInit_ex(gcm, NULL, NULL, key, iv) == 1 &&
        EVP_EncryptUpdate(gcm, sealed, &len, plain.data, (int)plain.len) == 1 &&
        EVP_EncryptFinal_ex(gcm, sealed + len, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, sealed + plain.len) == 1)
        text = mosip_sealing_base64url(bytes_of(sealed, plain.len + TAG_BYTES + IV_BYTES));
    EVP_CIPHER_CTX_free(gcm);
    free(sealed);
    return text;
}

static enum err finish(const struct mosip_parties *parties, const char *function, json_t *document,
                       struct mosip_request *request) {
    snprintf(request->url, sizeof(request->url), "%s/idauthentication/v1/%s/%s/%s/%s",
             parties->kit->base_url, function, parties->kit->licence_key, parties->partner->id,
             parties->partner->api_key);
    request->body = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    request->signature =
        request->body != NULL
            ? mosip_sealing_sign(parties->partner->key, parties->partner->certificate,
                                 bytes_of_text(request->body), true)
            : NULL;
    if (request->signature != NULL)
        return ERR_OK;
    mosip_request_free(request);
    return ERR_CRYPTO;
}

static json_t *common(const struct mosip_parties *parties, const char *id, const char *time) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "version", "1.0", "transactionID",
                     parties->transaction_id, "requestTime", time, "individualId",
                     parties->individual_id, "individualIdType", parties->individual_id_type);
}

enum err mosip_request_otp(const struct mosip_parties *parties, const char *const *channels,
                           struct mosip_request *request) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ms(), time);
    json_t *document = common(parties, "mosip.identity.otp", time);
    json_t *list = json_array();
    for (size_t i = 0; channels[i] != NULL; i++)
        json_array_append_new(list, json_string(channels[i]));
    json_object_set_new(document, "otpChannel", list);
    return finish(parties, "otp", document, request);
}

/* request, requestHMAC, requestSessionKey and thumbprint into ${document}; takes ${plain}. */
static enum err add_sealed(const struct kit *kit, json_t *document, char *plain) {
    uint8_t key[KEY_BYTES], hash[32];
    char hex[65] = "";
    struct buffer target = buffer_over(hex, 64);
    if (plain == NULL || RAND_bytes(key, sizeof(key)) != 1 ||
        EVP_Digest(plain, strlen(plain), hash, NULL, EVP_sha256(), NULL) != 1)
        return free(plain), ERR_CRYPTO;
    codec_hex_upper(&target, bytes_of(hash, sizeof(hash)));
    const struct {
        const char *name;
        char *value;
    } members[] = {{"request", seal(key, bytes_of_text(plain))},
                   {"requestHMAC", seal(key, bytes_of_text(hex))},
                   {"requestSessionKey", mosip_sealing_wrap(kit->encryption_certificate, key)},
                   {"thumbprint", mosip_sealing_thumbprint(kit->encryption_certificate)}};
    enum err result = ERR_OK;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].value == NULL ||
            json_object_set_new(document, members[i].name, json_string(members[i].value)) != 0)
            result = ERR_CRYPTO;
        free(members[i].value);
    }
    free(plain);
    return result;
}

/* What auth and kyc have in common: all but their names. */
static enum err request_sealed(const struct mosip_parties *parties, const char *function,
                               const json_t *factors, struct mosip_request *request) {
    char time[CLOCK_TEXT_SIZE], id[64];
    clock_format_millis(clock_wall_ms(), time);
    snprintf(id, sizeof(id), "mosip.identity.%s", function);
    json_t *document = common(parties, id, time);
    json_t *inner = json_deep_copy(factors);
    json_object_set_new(inner, "timestamp", json_string(time));
    json_object_set_new(document, "specVersion", json_string("1.0"));
    json_object_set_new(document, "domainUri", json_string(parties->kit->domain_uri));
    json_object_set_new(document, "env", json_string(parties->kit->environment));
    json_object_set_new(document, "consentObtained", json_true());
    enum err result = add_sealed(parties->kit, document, json_dumps(inner, JSON_COMPACT));
    json_decref(inner);
    if (result == ERR_OK)
        return finish(parties, function, document, request);
    json_decref(document);
    return result;
}

enum err mosip_request_auth(const struct mosip_parties *parties, const json_t *factors,
                            struct mosip_request *request) {
    return request_sealed(parties, "auth", factors, request);
}

enum err mosip_request_kyc(const struct mosip_parties *parties, const json_t *factors,
                           struct mosip_request *request) {
    return request_sealed(parties, "kyc", factors, request);
}

/* The certificate of a JWS header's x5c. */
static X509 *certificate_of(const json_t *header) {
    const char *text = json_string_value(json_array_get(json_object_get(header, "x5c"), 0));
    uint8_t der[8192];
    size_t len = 0;
    if (text == NULL ||
        codec_base64_decode(bytes_of_text(text), CODEC_STRICT, der, sizeof(der), &len) != ERR_OK)
        return NULL;
    const unsigned char *at = der;
    return d2i_X509(NULL, &at, (long)len);
}

static bool verify(X509 *certificate, struct bytes head, struct bytes body,
                   struct bytes signature) {
    char *payload = mosip_sealing_base64url(body);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool valid = payload != NULL && digest != NULL &&
                 EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL,
                                      X509_get0_pubkey(certificate)) == 1 &&
                 EVP_DigestVerifyUpdate(digest, head.data, head.len) == 1 &&
                 EVP_DigestVerifyUpdate(digest, ".", 1) == 1 &&
                 EVP_DigestVerifyUpdate(digest, payload, strlen(payload)) == 1 &&
                 EVP_DigestVerifyFinal(digest, signature.data, signature.len) == 1;
    EVP_MD_CTX_free(digest);
    free(payload);
    return valid;
}

enum err mosip_response_verify(struct bytes body, const char *signature, char *kid, size_t kid_size,
                               bool *valid) {
    uint8_t header_text[8192], raw[1024];
    size_t header_len = 0, raw_len = 0;
    *valid = false;
    const char *dots = strstr(signature, "..");
    if (dots == NULL)
        return ERR_MALFORMED;
    struct bytes head = bytes_of(signature, (size_t)(dots - signature));
    ERR_TRY(codec_base64_decode(head, CODEC_STRICT, header_text, sizeof(header_text), &header_len));
    ERR_TRY(codec_base64_decode(bytes_of_text(dots + 2), CODEC_STRICT, raw, sizeof(raw), &raw_len));
    json_t *header =
        json_loadb((const char *)header_text, header_len, JSON_REJECT_DUPLICATES, NULL);
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *key_id = json_string_value(json_object_get(header, "kid"));
    X509 *certificate = certificate_of(header);
    snprintf(kid, kid_size, "%s", key_id != NULL ? key_id : "");
    if (certificate != NULL && alg != NULL && strcmp(alg, "RS256") == 0)
        *valid = verify(certificate, head, body, bytes_of(raw, raw_len));
    X509_free(certificate);
    json_decref(header);
    return ERR_OK;
}
