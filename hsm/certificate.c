#include <string.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "firmware/base/clock.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/certificate.h"
#include "hsm/certificate_parts.h"
#include "hsm/tls_names.h"

struct profile {
    const char *common_name;
    int days;
    const char *constraints;
    const char *key_usage;
};

static const char leaf[] = "critical,CA:FALSE";

static const struct profile profiles[HSM_PURPOSE_COUNT] = {
    [HSM_PURPOSE_ROOT] = {"IDCS Box CA", 3650, "critical,CA:TRUE,pathlen:1",
                          "critical,keyCertSign,cRLSign"},
    [HSM_PURPOSE_SIGN] = {"IDA-SIGN", 1095, leaf, "critical,digitalSignature"},
    [HSM_PURPOSE_PARTNER] = {"IDA-PARTNER", 730, leaf, "critical,keyEncipherment"},
    [HSM_PURPOSE_IDA_FIR] = {"IDA-IDA-FIR", 730, leaf, "critical,keyEncipherment"},
    [HSM_PURPOSE_KEK] = {"IDA-KEK", 3650, leaf, "critical,keyEncipherment"},
    [HSM_PURPOSE_AUDIT] = {"IDA-AUDIT", 3650, leaf, "critical,digitalSignature"},
    [HSM_PURPOSE_TOKEN] = {"IDCS-TOKEN", 1095, leaf, "critical,digitalSignature"},
    [HSM_PURPOSE_REQUEST] = {"IDCS-REQUEST", 730, leaf, "critical,keyAgreement"},
    [HSM_PURPOSE_TLS] = {"IDCS-TLS", 825, leaf, "critical,digitalSignature"},
    [HSM_PURPOSE_CA] = {"IDCS-CA", 3650, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign"},
};

static bool set_subject(X509 *certificate, const char *common_name, unsigned generation) {
    uint8_t text[64];
    struct buffer target = buffer_over(text, sizeof text);
    struct bytes written;
    X509_NAME *name = X509_get_subject_name(certificate);
    buffer_format(&target, "%s %u", common_name, generation);
    buffer_u8(&target, 0);
    return buffer_end(&target, &written) == ERR_OK && certificate_parts_name(name, "C", "MA") &&
           certificate_parts_name(name, "O", "IDCS") &&
           certificate_parts_name(name, "CN", (const char *)text);
}

static bool set_validity(X509 *certificate, int64_t generated_ms, int days) {
    int64_t until_ms = generated_ms - CERTIFICATE_PARTS_SLACK_S * 1000 + days * CLOCK_DAY_MS;
    return certificate_parts_validity(certificate, generated_ms, until_ms);
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct profile *profile) {
    return certificate_parts_extension(certificate, issuer, NID_basic_constraints,
                                       profile->constraints) &&
           certificate_parts_extension(certificate, issuer, NID_key_usage, profile->key_usage) &&
           certificate_parts_identifiers(certificate, issuer);
}

/*
 * An authority's own certificate ends with its issuer's, and so does the one that an older root may
 * sign, so that whole paths are in time.
 */
static bool limit_validity(X509 *certificate, const X509 *issuer) {
    const ASN1_TIME *end = X509_get0_notAfter(issuer);
    return ASN1_TIME_compare(X509_get0_notAfter(certificate), end) <= 0 ||
           X509_set1_notAfter(certificate, end) == 1;
}

static bool ends_with_issuer(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_CA || purpose == HSM_PURPOSE_TLS;
}

/* All but the signature. ${issuer} is ${certificate} itself when it signs itself. */
static bool fill(X509 *certificate, X509 *issuer, const struct certificate_plan *plan) {
    const struct profile *profile = &profiles[plan->purpose];
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           certificate_parts_serial(certificate) &&
           set_validity(certificate, plan->generated_ms, profile->days) &&
           X509_set_pubkey(certificate, plan->subject) == 1 &&
           set_subject(certificate, profile->common_name, plan->generation) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           add_extensions(certificate, issuer, profile) &&
           (!ends_with_issuer(plan->purpose) || limit_validity(certificate, issuer)) &&
           (plan->purpose != HSM_PURPOSE_TLS ||
            certificate_parts_extension(certificate, issuer, NID_ext_key_usage, "serverAuth"));
}

/* Roots of before there was IDCS/CA say that there is no authority below them. */
static bool may_have_authorities(X509 *root) {
    return X509_get_pathlen(root) != 0;
}

enum err certificate_issue(const struct certificate_plan *plan, struct buffer *der) {
    if ((unsigned)plan->purpose >= HSM_PURPOSE_COUNT || profiles[plan->purpose].common_name == NULL)
        return ERR_DENIED;
    OPENSSL_SCOPE(X509) *made = X509_new();
    OPENSSL_SCOPE(X509) *issuer = NULL;
    bool self_signed = plan->purpose == HSM_PURPOSE_ROOT;
    if (!self_signed)
        issuer = certificate_parts_parse(plan->issuer);
    if (made == NULL || (!self_signed && issuer == NULL))
        return ERR_CRYPTO;
    self_signed |= plan->purpose == HSM_PURPOSE_CA && !may_have_authorities(issuer);
    if (!fill(made, self_signed ? made : issuer, plan))
        return ERR_CRYPTO;
    if (plan->names != NULL && plan->names[0] != '\0')
        ERR_TRY(tls_names_add(plan->names, made));
    EVP_PKEY *authority = self_signed ? plan->subject : X509_get0_pubkey(issuer);
    if (X509_sign(made, self_signed ? plan->subject : plan->issuer_key, EVP_sha256()) <= 0 ||
        X509_verify(made, authority) != 1)
        return ERR_HSM;
    return certificate_parts_put(der, made);
}

enum err certificate_fits(struct bytes der, EVP_PKEY *key) {
    OPENSSL_SCOPE(X509) *certificate = certificate_parts_parse(der);
    OPENSSL_SCOPE_OCTETS *certified = NULL;
    OPENSSL_SCOPE_OCTETS *held = NULL;
    EVP_PKEY *subject = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
    if (subject == NULL)
        return ERR_CRYPTO;
    int certified_len = i2d_PUBKEY(subject, &certified), held_len = i2d_PUBKEY(key, &held);
    if (certified_len <= 0 || held_len != certified_len)
        return ERR_CRYPTO;
    return memcmp(certified, held, (size_t)held_len) == 0 ? ERR_OK : ERR_CRYPTO;
}
