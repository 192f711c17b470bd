#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/jose_client.h"

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/programme/jose_sealing.h"

enum {
    COORDINATE_BYTES = 32,
    SIGNATURE_BYTES = 2 * COORDINATE_BYTES,
    NONCE_BYTES = 18,
    NONCE_SIZE = 25,
    BODY_MAX = 192 * 1024,
    SKEW_SECONDS = 60
};

/* ES256 (RFC 7518 §3.4): r and s, 32 bytes each. */
static enum err sign(EVP_PKEY *key, struct bytes text, uint8_t signature[static SIGNATURE_BYTES]) {
    uint8_t der[128];
    size_t len = sizeof(der);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ECDSA_SIG *parts = NULL;
    const uint8_t *at = der;
    if (digest != NULL && EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(digest, der, &len, text.data, text.len) == 1)
        parts = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool done =
        parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature, COORDINATE_BYTES) > 0 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature + COORDINATE_BYTES, COORDINATE_BYTES) > 0;
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(digest);
    return done ? ERR_OK : ERR_CRYPTO;
}

static bool verify(EVP_PKEY *key, struct bytes text,
                   const uint8_t signature[static SIGNATURE_BYTES]) {
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, COORDINATE_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + COORDINATE_BYTES, COORDINATE_BYTES, NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    bool valid = false;
    if (parts != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(parts, r, s) == 1) {
        int len = i2d_ECDSA_SIG(parts, &der);
        valid = len > 0 && digest != NULL &&
                EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(digest, der, (size_t)len, text.data, text.len) == 1;
    } else {
        BN_free(r);
        BN_free(s);
    }
    OPENSSL_free(der);
    EVP_MD_CTX_free(digest);
    ECDSA_SIG_free(parts);
    return valid;
}

static enum err encode(struct bytes plain, char *text, size_t size) {
    struct buffer target = buffer_over(text, size);
    struct bytes view;
    codec_base64url(&target, plain);
    buffer_raw(&target, "", 1);
    return buffer_end(&target, &view);
}

static enum err make_nonce(char nonce[static NONCE_SIZE]) {
    uint8_t random[NONCE_BYTES];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return ERR_CRYPTO;
    return encode(bytes_of(random, sizeof(random)), nonce, NONCE_SIZE);
}

/* What ties the sealed identifier to the signed claims (docs/protocol.md §4). */
static json_t *binding_of(const struct jose_question *question, const char *nonce) {
    char text[256], encoded[JOSE_PARTY_KID_SIZE];
    uint8_t hash[SHA256_DIGEST_LENGTH];
    struct buffer joined = buffer_over(text, sizeof(text));
    struct bytes view;
    buffer_format(&joined, "%s.%s.%s", nonce, question->individual_id_type,
                  question->individual_id);
    if (buffer_end(&joined, &view) != ERR_OK)
        return NULL;
    SHA256(view.data, view.len, hash);
    return encode(bytes_of(hash, sizeof(hash)), encoded, sizeof(encoded)) == ERR_OK
               ? json_string(encoded)
               : NULL;
}

static enum err seal_plain(const struct jose_question *question, const char *nonce, int64_t now_s,
                           struct buffer *sealed) {
    json_t *plain =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "aud", question->party->issuer, "iss",
                  question->party->partner->id, "txn", question->transaction_id, "iat",
                  (json_int_t)now_s, "nonce", nonce, "device", "programme", "individualId",
                  question->individual_id, "individualIdType", question->individual_id_type);
    if (plain != NULL && question->factors != NULL)
        (void)json_object_update(plain, (json_t *)(uintptr_t)question->factors);
    char *text = plain != NULL ? json_dumps(plain, JSON_COMPACT) : NULL;
    json_decref(plain);
    enum err result =
        text != NULL ? jose_sealing_seal(&question->party->request, bytes_of_text(text), sealed)
                     : ERR_FULL;
    free(text);
    return result;
}

static enum err claims_of(const struct jose_question *question, json_t **claims) {
    static const size_t size = BODY_MAX / 2;
    char nonce[NONCE_SIZE];
    int64_t now_s = clock_wall_ms() / 1000;
    char *memory = malloc(size);
    struct buffer sealed = buffer_over(memory, memory != NULL ? size : 0);
    struct bytes view = {0};
    enum err result = make_nonce(nonce);
    if (result == ERR_OK)
        result = seal_plain(question, nonce, now_s, &sealed);
    if (result == ERR_OK)
        result = buffer_end(&sealed, &view);
    if (result == ERR_OK)
        *claims = json_pack(
            "{s:s, s:s, s:I, s:s, s:s, s:o*, s:s#}", "iss", question->party->partner->id, "aud",
            question->party->issuer, "iat", (json_int_t)now_s, "txn", question->transaction_id,
            "api_key", question->party->partner->api_key, "binding", binding_of(question, nonce),
            "sealed", (const char *)view.data, (int)view.len);
    if (result == ERR_OK && *claims != NULL && question->claims != NULL)
        (void)json_object_update(*claims, (json_t *)(uintptr_t)question->claims);
    free(memory);
    return result == ERR_OK && *claims == NULL ? ERR_FULL : result;
}

static enum err write_jws(const struct jose_party *party, struct bytes payload,
                          struct buffer *target) {
    char header[160];
    uint8_t signature[SIGNATURE_BYTES];
    int len = snprintf(header, sizeof(header),
                       "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"idcs-request+jws\"}",
                       party->signature.kid);
    codec_base64url(target, bytes_of(header, (size_t)len));
    buffer_format(target, ".");
    codec_base64url(target, payload);
    ERR_TRY(target->err);
    ERR_TRY(sign(party->signature.key, bytes_of(target->data, target->len), signature));
    buffer_format(target, ".");
    codec_base64url(target, bytes_of(signature, sizeof(signature)));
    buffer_raw(target, "", 1);
    return target->err;
}

enum err jose_client_request(const struct jose_question *question, char **body) {
    json_t *claims = NULL;
    *body = NULL;
    ERR_TRY(claims_of(question, &claims));
    char *text = json_dumps(claims, JSON_COMPACT);
    json_decref(claims);
    size_t size = text != NULL ? CODEC_BASE64_CHARS(strlen(text)) + 512 : 0;
    char *made = calloc(1, size + 1);
    struct buffer target = buffer_over(made, made != NULL ? size : 0);
    enum err result =
        text != NULL ? write_jws(question->party, bytes_of_text(text), &target) : ERR_FULL;
    free(text);
    if (result == ERR_OK)
        *body = made;
    else
        free(made);
    return result;
}

static const struct jose_party_key *token_key(const struct jose_party *party, const char *kid) {
    for (size_t i = 0; kid != NULL && i < party->token_count; i++)
        if (strcmp(party->tokens[i].kid, kid) == 0)
            return &party->tokens[i];
    return NULL;
}

static json_t *decode_json(struct bytes text, uint8_t *memory, size_t size) {
    size_t len = 0;
    if (codec_base64_decode(text, CODEC_STRICT, memory, size, &len) != ERR_OK)
        return NULL;
    return json_loadb((const char *)memory, len, JSON_REJECT_DUPLICATES, NULL);
}

static bool member_is(const json_t *object, const char *name, const char *value) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && strcmp(text, value) == 0;
}

static bool claims_hold(const struct jose_party *party, const json_t *claims) {
    json_int_t now_s = clock_wall_ms() / 1000;
    return member_is(claims, "iss", party->issuer) &&
           member_is(claims, "aud", party->partner->id) &&
           json_integer_value(json_object_get(claims, "iat")) <= now_s + SKEW_SECONDS &&
           json_integer_value(json_object_get(claims, "exp")) > now_s;
}

/* Positions of the two dots. */
static bool find_dots(struct bytes jwt, size_t dots[static 2]) {
    size_t count = 0;
    for (size_t at = 0; at < jwt.len; at++) {
        if (jwt.data[at] != '.')
            continue;
        if (count == 2)
            return false;
        dots[count++] = at;
    }
    return count == 2;
}

enum err jose_client_verify(const struct jose_party *party, const char *type, struct bytes jwt,
                            json_t **claims) {
    size_t dots[2], signature_len = 0;
    uint8_t signature[SIGNATURE_BYTES + 3];
    *claims = NULL;
    uint8_t *memory = find_dots(jwt, dots) ? malloc(jwt.len + 1) : NULL;
    if (memory == NULL)
        return ERR_CRYPTO;
    json_t *header = decode_json(bytes_of(jwt.data, dots[0]), memory, jwt.len + 1);
    const struct jose_party_key *key =
        token_key(party, json_string_value(json_object_get(header, "kid")));
    bool valid =
        key != NULL && member_is(header, "alg", "ES256") && member_is(header, "typ", type) &&
        codec_base64_decode(bytes_of(jwt.data + dots[1] + 1, jwt.len - dots[1] - 1), CODEC_STRICT,
                            signature, sizeof(signature), &signature_len) == ERR_OK &&
        signature_len == SIGNATURE_BYTES &&
        verify(key->key, bytes_of(jwt.data, dots[1]), signature);
    json_decref(header);
    json_t *read = valid ? decode_json(bytes_of(jwt.data + dots[0] + 1, dots[1] - dots[0] - 1),
                                       memory, jwt.len + 1)
                         : NULL;
    free(memory);
    if (claims_hold(party, read)) {
        *claims = read;
        return ERR_OK;
    }
    json_decref(read);
    return ERR_CRYPTO;
}

enum err jose_client_open(const struct jose_party *party, struct bytes compact, char **jwt) {
    char *memory = calloc(1, compact.len + 1);
    struct buffer plain = buffer_over(memory, memory != NULL ? compact.len : 0);
    enum err result = jose_sealing_open(&party->encryption, compact, &plain);
    *jwt = result == ERR_OK ? memory : NULL;
    if (result != ERR_OK)
        free(memory);
    return result;
}
