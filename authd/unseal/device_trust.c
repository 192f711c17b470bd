#include "authd/unseal/device_trust.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "authd/unseal/certificate_path.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static EVP_MD_CTX *verifier;

enum err device_trust_open(void) {
    if (verifier == NULL)
        verifier = EVP_MD_CTX_new();
    return verifier != NULL ? ERR_OK : ERR_CRYPTO;
}

void device_trust_close(void) {
    EVP_MD_CTX_free(verifier);
    verifier = NULL;
}

void device_trust_begin(struct device_trust *trust, const struct samples_question *question) {
    *trust = (struct device_trust){.question = question};
}

void device_trust_end(struct device_trust *trust) {
    for (size_t i = 0; i < trust->count; i++)
        X509_free(trust->signers[i].certificate);
    *trust = (struct device_trust){0};
}

static struct certificate_anchors anchors_of(const struct samples_question *question,
                                             enum device_trust_domain domain) {
    if (domain == DEVICE_TRUST_FTM)
        return (struct certificate_anchors){question->ftm_anchors, question->ftm_anchor_count};
    return (struct certificate_anchors){question->device_anchors, question->device_anchor_count};
}

/*
 * An authority may certify programmes beside devices, as the box's own does. Those certificates are
 * for messages (RFC 5280 §4.2.1.12, emailProtection): a programme that could sign as a device would
 * make captures of its own.
 */
static bool is_of_programme(X509 *certificate) {
    bool is_limited = (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0;
    return is_limited && (X509_get_extended_key_usage(certificate) & XKU_SMIME) != 0;
}

/* The certificate when it is trusted, else NULL. */
static X509 *judge(struct device_trust *trust, enum device_trust_domain domain, struct bytes der) {
    for (size_t i = 0; i < trust->count; i++)
        if (trust->signers[i].domain == domain && bytes_equal(trust->signers[i].der, der))
            return trust->signers[i].certificate;
    if (trust->count == COUNT_OF(trust->signers))
        return NULL;
    struct certificate_anchors anchors = anchors_of(trust->question, domain);
    X509 *certificate = NULL;
    if (certificate_path_judge(der, &anchors, trust->question->now_ms, &certificate) != ERR_OK)
        certificate = NULL;
    if (certificate != NULL && is_of_programme(certificate)) {
        X509_free(certificate);
        certificate = NULL;
    }
    trust->signers[trust->count].domain = domain;
    trust->signers[trust->count].der = der;
    trust->signers[trust->count++].certificate = certificate;
    return certificate;
}

static bool is_signed_by(X509 *certificate, const struct biometric_signed *jws) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    bool verified =
        EVP_DigestVerifyInit_ex(verifier, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 &&
        EVP_DigestVerify(verifier, jws->signature.data, jws->signature.len, jws->text.data,
                         jws->text.len) == 1;
    EVP_MD_CTX_reset(verifier);
    return verified;
}

void device_trust_verify(struct device_trust *trust, enum device_trust_domain domain,
                         const struct biometric_signed *jws, bool *trusted) {
    *trusted = false;
    if (jws->shape != JWS_READ)
        return;
    X509 *certificate = judge(trust, domain, jws->certificate);
    *trusted = certificate != NULL && is_signed_by(certificate, jws);
    ERR_clear_error();
}
