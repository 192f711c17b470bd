#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "hsm/sign.h"
#include "hsm/signing.h"
#include "hsm/wire.h"

#define HEADER_BYTES_MAX    3072
#define COMPACT_HEADER_MAX  256
#define RSA_SIGNATURE_BYTES 256
#define DER_SIGNATURE_MAX   80
#define SHA256_BYTES        32

struct sign_rs256 {
    struct signing key;
    EVP_MD *sha256;
    EVP_MD_CTX *begun; /* SHA-256 over header "." */
    EVP_MD_CTX *work;
    char kid[JWK_KID_SIZE];
    size_t header_len;
    uint8_t header[HEADER_BYTES_MAX]; /* as base64url: the same for every statement */
};

/* JSON of the JOSE header, then its base64url. */
static enum err make_header(struct sign_rs256 *signing, struct bytes certificate) {
    uint8_t json[HEADER_BYTES_MAX];
    char thumbprint[JWK_KID_SIZE];
    struct buffer target = buffer_over(json, sizeof json);
    struct bytes written;
    ERR_TRY(jwk_certificate_thumbprint(certificate, thumbprint));
    buffer_format(&target, "{\"alg\":\"RS256\",\"x5c\":[\"");
    codec_base64(&target, certificate);
    buffer_format(&target, "\"],\"x5t#S256\":\"%s\",\"kid\":\"%s\"}", thumbprint, signing->kid);
    ERR_TRY(buffer_end(&target, &written));
    struct buffer encoded = buffer_over(signing->header, sizeof signing->header);
    codec_base64url(&encoded, written);
    ERR_TRY(buffer_end(&encoded, &written));
    signing->header_len = written.len;
    return ERR_OK;
}

static enum err make_contexts(struct sign_rs256 *signing, EVP_PKEY *key) {
    ERR_TRY(signing_open(&signing->key, key, "SHA256", RSA_PKCS1_PADDING));
    signing->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    signing->begun = EVP_MD_CTX_new();
    signing->work = EVP_MD_CTX_new();
    if (signing->sha256 == NULL || signing->begun == NULL || signing->work == NULL)
        return ERR_SYSTEM;
    if (EVP_DigestInit_ex2(signing->begun, signing->sha256, NULL) != 1 ||
        EVP_DigestUpdate(signing->begun, signing->header, signing->header_len) != 1 ||
        EVP_DigestUpdate(signing->begun, ".", 1) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

static enum err make_rs256(struct sign_rs256 *signing, EVP_PKEY *key, struct bytes certificate,
                           const char kid[static JWK_KID_SIZE]) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_size(key) != RSA_SIGNATURE_BYTES)
        return ERR_CRYPTO;
    memcpy(signing->kid, kid, sizeof signing->kid);
    ERR_TRY(make_header(signing, certificate));
    return make_contexts(signing, key);
}

enum err sign_rs256_new(struct sign_rs256 **signing, EVP_PKEY *key, struct bytes certificate,
                        const char kid[static JWK_KID_SIZE]) {
    *signing = NULL;
    struct sign_rs256 *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    enum err err = make_rs256(made, key, certificate, kid);
    if (err != ERR_OK) {
        sign_rs256_free(made);
        return err;
    }
    *signing = made;
    return ERR_OK;
}

void sign_rs256_free(struct sign_rs256 *signing) {
    if (signing == NULL)
        return;
    signing_close(&signing->key);
    EVP_MD_free(signing->sha256);
    EVP_MD_CTX_free(signing->begun);
    EVP_MD_CTX_free(signing->work);
    free(signing);
}

const char *sign_rs256_kid(const struct sign_rs256 *signing) {
    return signing->kid;
}

/* SHA-256 of header "." b64u(payload). */
static enum err digest_payload(struct sign_rs256 *signing, struct bytes payload,
                               uint8_t digest[static SHA256_BYTES]) {
    uint8_t encoded[CODEC_BASE64_CHARS(STATEMENT_BODY_MAX)];
    struct buffer target = buffer_over(encoded, sizeof encoded);
    struct bytes written;
    codec_base64url(&target, payload);
    ERR_TRY(buffer_end(&target, &written));
    if (EVP_MD_CTX_copy_ex(signing->work, signing->begun) != 1 ||
        EVP_DigestUpdate(signing->work, written.data, written.len) != 1 ||
        EVP_DigestFinal_ex(signing->work, digest, NULL) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

enum err sign_rs256_detached(struct sign_rs256 *signing, struct bytes payload,
                             struct buffer *signature) {
    uint8_t digest[SHA256_BYTES], made[RSA_SIGNATURE_BYTES];
    size_t made_len = sizeof made;
    ERR_TRY(digest_payload(signing, payload, digest));
    ERR_TRY(signing_make(&signing->key, bytes_of(digest, sizeof digest), made, &made_len));
    if (made_len != sizeof made)
        return ERR_HSM;
    buffer_raw(signature, signing->header, signing->header_len);
    buffer_raw(signature, "..", 2);
    codec_base64url(signature, bytes_of(made, made_len));
    return signature->err;
}

struct sign_es256 {
    struct signing key;
    char kid[JWK_KID_SIZE];
};

static enum err make_es256(struct sign_es256 *signing, EVP_PKEY *key, struct bytes certificate) {
    ERR_TRY(jwk_ec_kid(certificate, signing->kid));
    return signing_open(&signing->key, key, "SHA256", SIGNING_NO_PADDING);
}

enum err sign_es256_new(struct sign_es256 **signing, EVP_PKEY *key, struct bytes certificate) {
    *signing = NULL;
    struct sign_es256 *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    enum err err = make_es256(made, key, certificate);
    if (err != ERR_OK) {
        sign_es256_free(made);
        return err;
    }
    *signing = made;
    return ERR_OK;
}

void sign_es256_free(struct sign_es256 *signing) {
    if (signing == NULL)
        return;
    signing_close(&signing->key);
    free(signing);
}

const char *sign_es256_kid(const struct sign_es256 *signing) {
    return signing->kid;
}

/* OpenSSL gives a signature as DER; JOSE wants two numbers of fixed length. */
static enum err raw_of_der(const uint8_t *der, size_t len,
                           uint8_t signature[static SIGN_ES256_BYTES]) {
    const unsigned char *at = der;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (parsed == NULL)
        return ERR_HSM;
    int half = SIGN_ES256_BYTES / 2;
    bool whole = BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, half) == half &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + half, half) == half;
    ECDSA_SIG_free(parsed);
    return whole ? ERR_OK : ERR_HSM;
}

enum err sign_es256_raw(struct sign_es256 *signing, struct bytes text,
                        uint8_t signature[static SIGN_ES256_BYTES]) {
    uint8_t digest[SHA256_BYTES], der[DER_SIGNATURE_MAX];
    size_t der_len = sizeof der;
    (void)crypto_hash_sha256(digest, text.data, text.len);
    ERR_TRY(signing_make(&signing->key, bytes_of(digest, sizeof digest), der, &der_len));
    return raw_of_der(der, der_len, signature);
}

enum err sign_es256_compact(struct sign_es256 *signing, const char *typ, struct bytes claims,
                            struct buffer *jws) {
    uint8_t json[COMPACT_HEADER_MAX], signature[SIGN_ES256_BYTES];
    struct buffer header = buffer_over(json, sizeof json);
    struct bytes written;
    size_t start = jws->len;
    buffer_format(&header, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"%s\"}", signing->kid, typ);
    ERR_TRY(buffer_end(&header, &written));
    codec_base64url(jws, written);
    buffer_raw(jws, ".", 1);
    codec_base64url(jws, claims);
    if (jws->err != ERR_OK || jws->size - jws->len < 1 + CODEC_BASE64_CHARS(sizeof signature))
        return ERR_FULL;
    struct bytes input = bytes_of(jws->data + start, jws->len - start);
    ERR_TRY(sign_es256_raw(signing, input, signature));
    buffer_raw(jws, ".", 1);
    codec_base64url(jws, bytes_of(signature, sizeof signature));
    return jws->err;
}
