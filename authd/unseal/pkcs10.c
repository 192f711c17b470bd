#include "authd/unseal/pkcs10.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "firmware/base/openssl_scope.h"
#include "authd/unseal/der.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/key_name.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX (8 * PKCS10_MODULUS_MAX)
#define P256         "prime256v1" /* as OpenSSL calls it */

static X509_REQ *parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    if (request != NULL && at == der.data + der.len)
        return request;
    X509_REQ_free(request);
    return NULL;
}

static enum err read_rsa(const EVP_PKEY *key, struct unseal_pkcs10_read *answer) {
    OPENSSL_SCOPE(BIGNUM) *modulus = NULL;
    OPENSSL_SCOPE(BIGNUM) *exponent = NULL;
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
        return ERR_MALFORMED;
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return ERR_DENIED;
    if (!BN_is_word(exponent, PKCS10_EXPONENT)) {
        (void)snprintf(answer->key_name, sizeof answer->key_name, "RSA-%d, other exponent", bits);
        return ERR_DENIED;
    }
    answer->key = PKCS10_RSA;
    answer->modulus_len = (size_t)BN_bn2bin(modulus, answer->modulus);
    return digest_sha256(bytes_of(answer->modulus, answer->modulus_len), answer->key_hash);
}

static bool get_coordinate(const EVP_PKEY *key, const char *name,
                           uint8_t coordinate[static PKCS10_POINT_BYTES]) {
    OPENSSL_SCOPE(BIGNUM) *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
           BN_bn2binpad(number, coordinate, PKCS10_POINT_BYTES) == PKCS10_POINT_BYTES;
}

static enum err read_p256(const EVP_PKEY *key, struct unseal_pkcs10_read *answer) {
    uint8_t point[2 * PKCS10_POINT_BYTES];
    char group[UNSEAL_KEY_NAME_SIZE] = "";
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 || strcmp(group, P256) != 0)
        return ERR_DENIED;
    if (!get_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, answer->x) ||
        !get_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, answer->y))
        return ERR_MALFORMED;
    memcpy(point, answer->x, sizeof answer->x);
    memcpy(point + sizeof answer->x, answer->y, sizeof answer->y);
    answer->key = PKCS10_P256;
    (void)snprintf(answer->key_name, sizeof answer->key_name, "P-256");
    return digest_sha256(bytes_of(point, sizeof point), answer->key_hash);
}

static enum err read_key(const EVP_PKEY *key, struct unseal_pkcs10_read *answer) {
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return read_rsa(key, answer);
    case EVP_PKEY_EC:
        return read_p256(key, answer);
    default:
        return ERR_DENIED;
    }
}

/* The key's kind and size come before its signature: they decide what verifying may cost. */
static enum err read_and_verify(struct bytes encoded, struct buffer *workspace,
                                struct unseal_pkcs10_read *answer) {
    struct bytes der;
    ERR_TRY(der_request(encoded, workspace, &der));
    OPENSSL_SCOPE(X509_REQ) *request = parse(der);
    EVP_PKEY *key = request != NULL ? X509_REQ_get0_pubkey(request) : NULL;
    if (key == NULL)
        return ERR_MALFORMED;
    key_name(key, answer->key_name);
    ERR_TRY(read_key(key, answer));
    return X509_REQ_verify(request, key) == 1 ? ERR_OK : ERR_CRYPTO;
}

void pkcs10_read(struct bytes encoded, struct buffer *workspace,
                 struct unseal_pkcs10_read *answer) {
    *answer = (struct unseal_pkcs10_read){0};
    enum err status = read_and_verify(encoded, workspace, answer);
    if (status == ERR_TOO_LARGE || status == ERR_TRUNCATED || status == ERR_FULL)
        status = ERR_MALFORMED;
    if (status != ERR_OK) {
        struct unseal_pkcs10_read refused = {.status = status};
        if (status == ERR_DENIED)
            memcpy(refused.key_name, answer->key_name, sizeof refused.key_name);
        *answer = refused;
    }
    answer->status = status;
    ERR_clear_error();
}
