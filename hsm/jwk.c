#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_parts.h"
#include "hsm/jwk.h"

#define INTEGER_BYTES_MAX 1024
#define COORDINATE_BYTES  32
#define THUMBPRINT_TEXT   160

/* ${digest} as base64url with its zero. */
static enum err put_digest(const uint8_t digest[static 32], char text[static JWK_KID_SIZE]) {
    struct buffer target = buffer_over(text, JWK_KID_SIZE);
    struct bytes written;
    codec_base64url(&target, bytes_of(digest, 32));
    buffer_u8(&target, 0);
    return buffer_end(&target, &written);
}

enum err jwk_mosip_kid(const char *reference, int64_t generated_ms, uint16_t generation,
                       char kid[static JWK_KID_SIZE]) {
    uint8_t name[64], outer[32];
    unsigned char inner[EVP_MAX_MD_SIZE];
    unsigned inner_len = 0;
    int year, month, day;
    struct buffer target = buffer_over(name, sizeof name);
    struct bytes written;
    clock_date(generated_ms, &year, &month, &day);
    buffer_format(&target, "%s_%02d-%02d-%04d", reference, month, day, year);
    if (generation > 1)
        buffer_format(&target, "_%u", generation);
    ERR_TRY(buffer_end(&target, &written));
    if (EVP_Digest(written.data, written.len, inner, &inner_len, EVP_sha1(), NULL) != 1)
        return ERR_CRYPTO;
    (void)crypto_hash_sha256(outer, inner, inner_len);
    return put_digest(outer, kid);
}

enum err jwk_certificate_thumbprint(struct bytes certificate,
                                    char thumbprint[static JWK_KID_SIZE]) {
    uint8_t digest[32];
    (void)crypto_hash_sha256(digest, certificate.data, certificate.len);
    return put_digest(digest, thumbprint);
}

/* Appends the integer ${name} of ${key}, big-endian, padded to ${width} bytes (0: not padded). */
static enum err put_integer(struct buffer *target, EVP_PKEY *key, const char *name, int width) {
    OPENSSL_SCOPE(BIGNUM) *integer = NULL;
    uint8_t digits[INTEGER_BYTES_MAX];
    if (EVP_PKEY_get_bn_param(key, name, &integer) != 1)
        return ERR_CRYPTO;
    int len = width > 0 ? width : BN_num_bytes(integer);
    if (len > (int)sizeof digits || BN_bn2binpad(integer, digits, len) != len)
        return ERR_CRYPTO;
    codec_base64url(target, bytes_of(digits, (size_t)len));
    return ERR_OK;
}

static enum err put_coordinates(struct buffer *target, EVP_PKEY *key, const char *between) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256)
        return ERR_CRYPTO;
    ERR_TRY(put_integer(target, key, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE_BYTES));
    buffer_format(target, "%s", between);
    return put_integer(target, key, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE_BYTES);
}

enum err jwk_ec_thumbprint(struct bytes certificate,
                           uint8_t thumbprint[static JWK_THUMBPRINT_BYTES]) {
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    EVP_PKEY *key = parsed != NULL ? X509_get0_pubkey(parsed) : NULL;
    uint8_t members[THUMBPRINT_TEXT];
    struct buffer target = buffer_over(members, sizeof members);
    struct bytes written;
    if (key == NULL)
        return ERR_CRYPTO;
    buffer_format(&target, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    ERR_TRY(put_coordinates(&target, key, "\",\"y\":\""));
    buffer_format(&target, "\"}");
    ERR_TRY(buffer_end(&target, &written));
    (void)crypto_hash_sha256(thumbprint, written.data, written.len);
    return ERR_OK;
}

enum err jwk_ec_kid(struct bytes certificate, char kid[static JWK_KID_SIZE]) {
    uint8_t thumbprint[JWK_THUMBPRINT_BYTES];
    ERR_TRY(jwk_ec_thumbprint(certificate, thumbprint));
    return put_digest(thumbprint, kid);
}

struct role {
    const char *use, *algorithm;
};

static const struct role rsa_signature = {"sig", "RS256"};
static const struct role ec_roles[] = {
    [JWK_SIGNATURE] = {"sig", "ES256"},
    [JWK_ENCRYPTION] = {"enc", "ECDH-ES"},
};

/* The members that every key has: use, alg, kid and its certificate. */
static enum err put_common(struct buffer *target, const struct role *role, struct bytes certificate,
                           const char *kid) {
    char thumbprint[JWK_KID_SIZE];
    ERR_TRY(jwk_certificate_thumbprint(certificate, thumbprint));
    buffer_format(target, "\"use\":\"%s\",\"alg\":\"%s\",\"kid\":\"%s\",\"x5c\":[\"", role->use,
                  role->algorithm, kid);
    codec_base64(target, certificate);
    buffer_format(target, "\"],\"x5t#S256\":\"%s\"}", thumbprint);
    return target->err;
}

enum err jwk_put_rsa(struct buffer *target, struct bytes certificate, const char *kid) {
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    EVP_PKEY *key = parsed != NULL ? X509_get0_pubkey(parsed) : NULL;
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return ERR_CRYPTO;
    buffer_format(target, "{\"kty\":\"RSA\",\"n\":\"");
    ERR_TRY(put_integer(target, key, OSSL_PKEY_PARAM_RSA_N, 0));
    buffer_format(target, "\",\"e\":\"");
    ERR_TRY(put_integer(target, key, OSSL_PKEY_PARAM_RSA_E, 0));
    buffer_format(target, "\",");
    return put_common(target, &rsa_signature, certificate, kid);
}

enum err jwk_put_ec(struct buffer *target, enum jwk_use use, struct bytes certificate,
                    const char *kid) {
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    EVP_PKEY *key = parsed != NULL ? X509_get0_pubkey(parsed) : NULL;
    if (key == NULL)
        return ERR_CRYPTO;
    buffer_format(target, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    ERR_TRY(put_coordinates(target, key, "\",\"y\":\""));
    buffer_format(target, "\",");
    return put_common(target, &ec_roles[use], certificate, kid);
}
