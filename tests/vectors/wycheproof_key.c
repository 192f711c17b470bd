#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "authd/unseal/decode.h"
#include "tests/vectors/wycheproof.h"
#include "tests/vectors/wycheproof_key.h"

#define RSA_BYTES_MAX 1024
#define SCALAR_BYTES  32

static struct sample_holder authority;
static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];

static EVP_PKEY *make_key(const char *kind, int selection, OSSL_PARAM_BLD *builder) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, selection, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

EVP_PKEY *wycheproof_rsa_key(const json_t *jwk) {
    uint8_t modulus[RSA_BYTES_MAX], exponent[RSA_BYTES_MAX];
    if (!wycheproof_octets(jwk, "n", modulus, sizeof modulus) ||
        !wycheproof_octets(jwk, "e", exponent, sizeof exponent))
        return NULL;
    BIGNUM *n = BN_bin2bn(modulus, sizeof modulus, NULL);
    BIGNUM *e = BN_bin2bn(exponent, sizeof exponent, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    wycheproof_require(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                           OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1,
                       "RSA key");
    EVP_PKEY *key = make_key("RSA", EVP_PKEY_PUBLIC_KEY, builder);
    BN_free(n);
    BN_free(e);
    return key;
}

EVP_PKEY *wycheproof_p256_private(struct bytes scalar) {
    uint8_t point[POINT_BYTES];
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *public_point = EC_POINT_new(curve);
    BIGNUM *private = BN_bin2bn(scalar.data, (int)scalar.len, NULL);
    wycheproof_require(EC_POINT_mul(curve, public_point, private, NULL, NULL, NULL) == 1 &&
                           EC_POINT_point2oct(curve, public_point, POINT_CONVERSION_UNCOMPRESSED,
                                              point, sizeof point, NULL) == sizeof point,
                       "P-256 key");
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    wycheproof_require(
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             sizeof point) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, private) == 1,
        "P-256 key");
    EVP_PKEY *key = make_key("EC", EVP_PKEY_KEYPAIR, builder);
    BN_free(private);
    EC_POINT_free(public_point);
    EC_GROUP_free(curve);
    return key;
}

static void need_authority(void) {
    if (authority.key == NULL)
        sample_certify(
            &(struct sample_subject){.name = "authority", .bits = 2048, .is_authority = true}, NULL,
            &authority);
}

void wycheproof_forget_authority(void) {
    if (authority.key != NULL)
        sample_free(&authority);
}

bool wycheproof_register(EVP_PKEY *key, struct sample_holder *holder,
                         struct unseal_certificate_read *read) {
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    need_authority();
    sample_certify(&(struct sample_subject){.name = "programme", .key = key}, &authority, holder);
    const struct unseal_certificate question = {.encoded = sample_der(holder),
                                                .now_ms = SAMPLE_NOW_MS,
                                                .anchor_count = 1,
                                                .anchors = {sample_der(&authority)}};
    certificate_read(&question, &workspace, read);
    return read->status == ERR_OK;
}

/* A certificate of a key of ours, in which this point takes the place of its own: the signature
 * does not hold then, and without an anchor nobody looks at it. */
bool wycheproof_register_point(const uint8_t x[static 32], const uint8_t y[static 32],
                               uint8_t point[static POINT_BYTES]) {
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    struct sample_holder holder;
    struct unseal_certificate_read read;
    uint8_t own[POINT_BYTES];
    size_t len = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    wycheproof_require(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, own, sizeof own, &len) == 1 &&
            len == sizeof own,
        "P-256 key");
    sample_certify(&(struct sample_subject){.name = "programme", .key = key}, NULL, &holder);
    uint8_t *at = memmem(holder.der, holder.der_len, own, sizeof own);
    wycheproof_require(at != NULL, "a certificate's point");
    memcpy(at + 1, x, SCALAR_BYTES);
    memcpy(at + 1 + SCALAR_BYTES, y, SCALAR_BYTES);
    const struct unseal_certificate question = {
        .encoded = sample_der(&holder), .key = CERTIFICATE_KEY_P256, .now_ms = SAMPLE_NOW_MS};
    certificate_read(&question, &workspace, &read);
    if (read.status == ERR_OK)
        memcpy(point, read.public_key.data + read.public_key.len - POINT_BYTES, POINT_BYTES);
    sample_free(&holder);
    EVP_PKEY_free(key);
    return read.status == ERR_OK;
}
