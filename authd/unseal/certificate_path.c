#include "authd/unseal/certificate_path.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "firmware/base/openssl_scope.h"
#include "authd/unseal/der.h"
#include "authd/unseal/digest.h"

#define STRENGTH_LEVEL        2 /* OpenSSL's security level for 112 bits */
#define STRENGTH_BITS         112
#define RSA_BITS_MAX          4096
#define RSA_EXPONENT_BITS_MIN 17
#define RSA_EXPONENT_BITS_MAX 256

X509 *certificate_path_parse(struct bytes der) {
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate != NULL && at == der.data + der.len)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* FIPS 186-5 §5.4: an odd exponent above 2^16 and below 2^256. With 1 anybody makes signatures. */
static bool is_sound_rsa(const EVP_PKEY *key) {
    BIGNUM *exponent = NULL;
    if (EVP_PKEY_get_bits(key) > RSA_BITS_MAX ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
        return false;
    int bits = BN_num_bits(exponent);
    bool sound =
        BN_is_odd(exponent) && bits >= RSA_EXPONENT_BITS_MIN && bits <= RSA_EXPONENT_BITS_MAX;
    BN_free(exponent);
    return sound;
}

enum err certificate_path_key(X509 *certificate, bool must_be_rsa) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key == NULL)
        return ERR_MALFORMED;
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    if (EVP_PKEY_get_security_bits(key) < STRENGTH_BITS || (must_be_rsa && !is_rsa) ||
        (is_rsa && !is_sound_rsa(key)))
        return ERR_DENIED;
    return ERR_OK;
}

/*
 * Anchors are the registry's and nobody's secret: those that were needed are kept as they were
 * read, which takes OpenSSL a tenth of a millisecond each. One of another byte is another one.
 */
#define KEPT_MAX 16
static struct kept_anchor {
    uint8_t hash[DIGEST_BYTES];
    X509 *certificate;
} kept[KEPT_MAX];
static size_t kept_next; /* the one that makes room */

static X509 *read_anchor(struct bytes der) {
    uint8_t hash[DIGEST_BYTES];
    if (digest_sha256(der, hash) != ERR_OK)
        return NULL;
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (kept[i].certificate != NULL && memcmp(kept[i].hash, hash, sizeof hash) == 0)
            return kept[i].certificate;
    X509 *certificate = certificate_path_parse(der);
    if (certificate == NULL)
        return NULL;
    struct kept_anchor *place = &kept[kept_next++ % KEPT_MAX];
    X509_free(place->certificate);
    memcpy(place->hash, hash, sizeof hash);
    place->certificate = certificate;
    return certificate;
}

void certificate_path_close(void) {
    for (size_t i = 0; i < KEPT_MAX; i++)
        X509_free(kept[i].certificate);
    memset(kept, 0, sizeof kept);
}

/*
 * Puts into ${store} the anchors that bear the issuer's name (RFC 5280 §4.1.2.4 has both encoded
 * alike). Reading the others would cost a stranger one request and us a millisecond. ERR_CRYPTO:
 * there is none, so no path either.
 */
static enum err gather_anchors(struct bytes certificate, const struct certificate_anchors *anchors,
                               X509_STORE *store) {
    struct bytes issuer, subject, anchor_issuer, anchor_subject;
    size_t gathered = 0;
    ERR_TRY(der_names(certificate, &issuer, &subject));
    for (size_t i = 0; i < anchors->count; i++) {
        if (der_names(anchors->list[i], &anchor_issuer, &anchor_subject) != ERR_OK ||
            !bytes_equal(issuer, anchor_subject))
            continue;
        X509 *anchor = read_anchor(anchors->list[i]);
        gathered += anchor != NULL && X509_STORE_add_cert(store, anchor) == 1;
    }
    return gathered > 0 ? ERR_OK : ERR_CRYPTO;
}

static enum err check_path(X509 *certificate, X509_STORE *store, int64_t now_ms) {
    OPENSSL_SCOPE(X509_STORE_CTX) *path = X509_STORE_CTX_new();
    if (path == NULL || X509_STORE_CTX_init(path, store, certificate, NULL) != 1)
        return ERR_CRYPTO;
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(path);
    X509_VERIFY_PARAM_set_time(rules, (time_t)(now_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(rules, STRENGTH_LEVEL);
    if (X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        return ERR_CRYPTO;
    if (X509_verify_cert(path) == 1)
        return ERR_OK;
    int reason = X509_STORE_CTX_get_error(path);
    bool time = reason == X509_V_ERR_CERT_HAS_EXPIRED || reason == X509_V_ERR_CERT_NOT_YET_VALID;
    return time ? ERR_EXPIRED : ERR_CRYPTO;
}

enum err certificate_path_follow(struct bytes der, X509 *certificate,
                                 const struct certificate_anchors *anchors, int64_t now_ms) {
    OPENSSL_SCOPE(X509_STORE) *store = X509_STORE_new();
    if (store == NULL)
        return ERR_CRYPTO;
    ERR_TRY(gather_anchors(der, anchors, store));
    return check_path(certificate, store, now_ms);
}

/* RFC 5280 §4.2.1.3; a certificate that does not say what its key is for is for everything. */
static bool is_for_signatures(X509 *certificate) {
    return (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
}

static enum err judge(struct bytes der, const struct certificate_anchors *anchors, int64_t now_ms,
                      X509 **certificate) {
    OPENSSL_SCOPE(X509_STORE) *store = X509_STORE_new();
    if (store == NULL)
        return ERR_CRYPTO;
    ERR_TRY(gather_anchors(der, anchors, store));
    *certificate = certificate_path_parse(der);
    if (*certificate == NULL)
        return ERR_MALFORMED;
    ERR_TRY(certificate_path_key(*certificate, true));
    if (!is_for_signatures(*certificate))
        return ERR_DENIED;
    return check_path(*certificate, store, now_ms);
}

enum err certificate_path_judge(struct bytes der, const struct certificate_anchors *anchors,
                                int64_t now_ms, X509 **certificate) {
    *certificate = NULL;
    enum err err = judge(der, anchors, now_ms, certificate);
    if (err == ERR_OK)
        return ERR_OK;
    X509_free(*certificate);
    *certificate = NULL;
    return err;
}
