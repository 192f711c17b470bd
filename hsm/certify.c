#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_parts.h"
#include "hsm/certify.h"

#define RSA_BITS_MIN 2048
#define UNCOMPRESSED 0x04 /* SEC 1 §2.3.3 */

/*
 * What each kind may do. What only signs is for documents (RFC 9336), so that no server that asks
 * what a certificate is for takes it for a client of TLS. A programme's of the MOSIP profile is for
 * messages, by which the box knows that it is no device's (authd/unseal/device_trust.c).
 */
static const struct {
    const char *key_usage, *extended_key_usage; /* NULL: none */
} kinds[HSM_CERTIFY_KINDS] = {
    [HSM_CERTIFY_PARTNER] = {"critical,digitalSignature,keyEncipherment", "emailProtection"},
    [HSM_CERTIFY_TLS] = {"critical,digitalSignature", "clientAuth"},
    [HSM_CERTIFY_SIGNATURE] = {"critical,digitalSignature", "1.3.6.1.5.5.7.3.36"},
    [HSM_CERTIFY_ENCRYPTION] = {"critical,keyAgreement", NULL},
    [HSM_CERTIFY_DEVICE] = {"critical,digitalSignature", "1.3.6.1.5.5.7.3.36"},
};

/* ---- the key ---- */

static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *builder) {
    OPENSSL_SCOPE(OSSL_PARAM) *parameters = OSSL_PARAM_BLD_to_param(builder);
    OPENSSL_SCOPE(EVP_PKEY_CTX) *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (parameters == NULL || maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        return NULL;
    return key;
}

static EVP_PKEY *make_rsa(const struct hsm_certify *question) {
    OPENSSL_SCOPE(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    OPENSSL_SCOPE(BIGNUM) *modulus = BN_bin2bn(question->modulus, (int)question->modulus_len, NULL);
    if (builder == NULL || modulus == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, question->exponent) != 1)
        return NULL;
    return make_key("RSA", builder);
}

/* OpenSSL takes no point whose coordinates are not below the prime, or that is not on the curve. */
static EVP_PKEY *make_p256(const struct hsm_certify *question) {
    OPENSSL_SCOPE(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    uint8_t point[1 + sizeof question->x + sizeof question->y] = {UNCOMPRESSED};
    memcpy(point + 1, question->x, sizeof question->x);
    memcpy(point + 1 + sizeof question->x, question->y, sizeof question->y);
    if (builder == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) !=
            1)
        return NULL;
    return make_key("EC", builder);
}

/* NIST SP 800-56B §6.4.2.2 and SP 800-56A §5.6.2.3: what can be known of a public key. */
static bool is_sound(EVP_PKEY *key) {
    OPENSSL_SCOPE(EVP_PKEY_CTX) *judge = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return judge != NULL && EVP_PKEY_public_check(judge) == 1;
}

static bool is_sound_size(const struct hsm_certify *question, const EVP_PKEY *key) {
    return !hsm_certify_is_rsa(question->kind) ||
           (question->exponent == HSM_CERTIFY_EXPONENT && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN);
}

static enum err read_key(const struct hsm_certify *question, EVP_PKEY **key) {
    *key = hsm_certify_is_rsa(question->kind) ? make_rsa(question) : make_p256(question);
    bool sound = *key != NULL && is_sound_size(question, *key) && is_sound(*key);
    ERR_clear_error();
    return sound ? ERR_OK : ERR_CRYPTO;
}

/* ---- the certificate ---- */

static enum err check_words(const struct hsm_certify *question) {
    bool has_organisation = question->organisation[0] != '\0';
    bool named = hsm_certify_name(question->common_name) &&
                 (!has_organisation || hsm_certify_name(question->organisation));
    bool in_range = question->days >= 1 && question->days <= HSM_CERTIFY_DAYS_MAX;
    return named && in_range ? ERR_OK : ERR_DENIED;
}

static bool set_subject(X509 *certificate, const struct hsm_certify *question) {
    X509_NAME *name = X509_get_subject_name(certificate);
    return certificate_parts_name(name, "C", "MA") &&
           (question->organisation[0] == '\0' ||
            certificate_parts_name(name, "O", question->organisation)) &&
           certificate_parts_name(name, "CN", question->common_name);
}

static bool add_uses(X509 *certificate, X509 *issuer, enum hsm_certify_kind kind) {
    const char *extended = kinds[kind].extended_key_usage;
    return certificate_parts_extension(certificate, issuer, NID_key_usage, kinds[kind].key_usage) &&
           (extended == NULL ||
            certificate_parts_extension(certificate, issuer, NID_ext_key_usage, extended));
}

static bool fill(X509 *certificate, X509 *issuer, const struct hsm_certify *question,
                 int64_t now_ms) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           certificate_parts_serial(certificate) &&
           certificate_parts_validity(certificate, now_ms,
                                      now_ms + question->days * CLOCK_DAY_MS) &&
           set_subject(certificate, question) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           certificate_parts_extension(certificate, issuer, NID_basic_constraints,
                                       "critical,CA:FALSE") &&
           add_uses(certificate, issuer, question->kind) &&
           certificate_parts_identifiers(certificate, issuer);
}

/* Nothing outlives the authority, or paths would end in the middle of a certificate's time. */
static bool ends_first(const X509 *certificate, const X509 *issuer) {
    return ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(issuer)) <= 0;
}

/* All but the signature; NULL is no certificate. */
static enum err write_unsigned(X509 *made, X509 *issuer, const struct hsm_certify *question,
                               int64_t now_ms) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(check_words(question));
    ERR_TRY(read_key(question, &key));
    if (issuer == NULL || made == NULL || X509_set_pubkey(made, key) != 1 ||
        !fill(made, issuer, question, now_ms))
        return ERR_CRYPTO;
    return ends_first(made, issuer) ? ERR_OK : ERR_DENIED;
}

enum err certify_check(struct bytes authority, const struct hsm_certify *question, int64_t now_ms) {
    OPENSSL_SCOPE(X509) *issuer = certificate_parts_parse(authority);
    OPENSSL_SCOPE(X509) *made = X509_new();
    return write_unsigned(made, issuer, question, now_ms);
}

/* What leaves is what the authority's certificate vouches for, whatever the token has done. */
static enum err sign(X509 *certificate, X509 *issuer, EVP_PKEY *key) {
    ERR_clear_error();
    if (X509_sign(certificate, key, EVP_sha256()) > 0 &&
        X509_verify(certificate, X509_get0_pubkey(issuer)) == 1)
        return ERR_OK;
    log_event(LOG_ERROR, "token-failed", "operation=certify error=0x%lx", ERR_peek_error());
    return ERR_HSM;
}

enum err certify_issue(const struct certify_authority *authority,
                       const struct hsm_certify *question, int64_t now_ms, struct buffer *der) {
    OPENSSL_SCOPE(X509) *issuer = certificate_parts_parse(authority->certificate);
    OPENSSL_SCOPE(X509) *made = X509_new();
    ERR_TRY(write_unsigned(made, issuer, question, now_ms));
    ERR_TRY(sign(made, issuer, authority->key));
    return certificate_parts_put(der, made);
}
