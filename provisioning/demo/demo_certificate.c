#include <stdbool.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "firmware/base/bytes.h"
#include "provisioning/demo/demo_certificate.h"
#include "provisioning/demo/demo_file.h"

#define SERIAL_BYTES   16
#define DAY_SECONDS    86400
#define AUTHORITY_DAYS 3650
#define ORGANISATION   "IDCS demonstration"

void demo_certificate_free(struct demo_certificate *certificate) {
    EVP_PKEY_free(certificate->key);
    X509_free(certificate->certificate);
    *certificate = (struct demo_certificate){0};
}

static EVP_PKEY *make_key(enum demo_key_type type) {
    return type == DEMO_KEY_RSA_2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
}

static enum err set_serial(X509 *certificate) {
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return ERR_CRYPTO;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    ASN1_INTEGER *serial = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    int done = serial != NULL && X509_set_serialNumber(certificate, serial);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return done == 1 ? ERR_OK : ERR_CRYPTO;
}

static enum err set_period(X509 *certificate, int days) {
    bool set = X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS) != NULL &&
               X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * DAY_SECONDS) != NULL;
    return set ? ERR_OK : ERR_CRYPTO;
}

static enum err add_name(X509_NAME *name, const char *field, const char *value) {
    int done =
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0);
    return done == 1 ? ERR_OK : ERR_CRYPTO;
}

static enum err set_subject(X509 *certificate, const char *common_name, const char *organisation) {
    X509_NAME *name = X509_get_subject_name(certificate);
    ERR_TRY(add_name(name, "C", "MA"));
    ERR_TRY(add_name(name, "O", organisation));
    return add_name(name, "CN", common_name);
}

static enum err add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX names;
    if (value == NULL)
        return ERR_OK;
    X509V3_set_ctx_nodb(&names);
    X509V3_set_ctx(&names, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &names, nid, value);
    int done = extension != NULL && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return done == 1 ? ERR_OK : ERR_CRYPTO;
}

/* What every certificate has; ${certificate} has its key and its subject's name afterwards. */
static enum err begin(struct demo_certificate *made, enum demo_key_type type,
                      const struct demo_certificate_subject *subject) {
    made->key = make_key(type);
    made->certificate = X509_new();
    if (made->key == NULL || made->certificate == NULL ||
        X509_set_version(made->certificate, X509_VERSION_3) != 1 ||
        X509_set_pubkey(made->certificate, made->key) != 1)
        return ERR_CRYPTO;
    ERR_TRY(set_serial(made->certificate));
    ERR_TRY(set_period(made->certificate, subject->days));
    return set_subject(made->certificate, subject->common_name, subject->organisation);
}

struct extension {
    int nid;
    const char *value; /* NULL: left out */
};

static enum err finish(struct demo_certificate *made, const struct demo_certificate *issuer,
                       const struct extension *extensions, size_t count) {
    X509_NAME *name = X509_get_subject_name(issuer->certificate);
    if (X509_set_issuer_name(made->certificate, name) != 1)
        return ERR_CRYPTO;
    for (size_t i = 0; i < count; i++)
        ERR_TRY(add_extension(made->certificate, issuer->certificate, extensions[i].nid,
                              extensions[i].value));
    return X509_sign(made->certificate, issuer->key, EVP_sha256()) > 0 ? ERR_OK : ERR_CRYPTO;
}

static enum err report(enum err err) {
    if (err != ERR_OK)
        fprintf(stderr, "idcs-demo: OpenSSL cannot make a certificate: %s\n",
                ERR_error_string(ERR_peek_last_error(), NULL));
    return err;
}

enum err demo_certificate_authority(const char *common_name, enum demo_key_type type,
                                    struct demo_certificate *authority) {
    const struct demo_certificate_subject subject = {
        .common_name = common_name, .organisation = ORGANISATION, .days = AUTHORITY_DAYS};
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };
    enum err err = begin(authority, type, &subject);
    if (err == ERR_OK)
        err = finish(authority, authority, extensions, sizeof extensions / sizeof *extensions);
    return report(err);
}

enum err demo_certificate_issue(const struct demo_certificate *authority, enum demo_key_type type,
                                const struct demo_certificate_subject *subject,
                                struct demo_certificate *issued) {
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, subject->key_usage},
        {NID_ext_key_usage, subject->extended_key_usage},
        {NID_subject_alt_name, subject->alternative_names},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
    };
    enum err err = begin(issued, type, subject);
    if (err == ERR_OK)
        err = finish(issued, authority, extensions, sizeof extensions / sizeof *extensions);
    return report(err);
}

enum err demo_certificate_write_p12(const char *path, const struct demo_certificate *certificate,
                                    const struct demo_certificate *authority,
                                    const char *password) {
    uint8_t *encoded = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool has_chain = chain != NULL && sk_X509_push(chain, authority->certificate) > 0;
    PKCS12 *store = !has_chain ? NULL
                               : PKCS12_create(password, "partner", certificate->key,
                                               certificate->certificate, chain, 0, 0, 0, 0, 0);
    int len = store == NULL ? -1 : i2d_PKCS12(store, &encoded);
    enum err err = len > 0 ? ERR_OK : ERR_CRYPTO;
    if (err == ERR_OK)
        err = demo_file_write(path, bytes_of(encoded, (size_t)len), DEMO_FILE_SECRET);
    PKCS12_free(store);
    sk_X509_free(chain);
    OPENSSL_clear_free(encoded, len > 0 ? (size_t)len : 0);
    return report(err);
}
