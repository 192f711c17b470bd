#include <openssl/x509v3.h>
#include <sodium.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_parts.h"

#define SERIAL_BYTES 16

X509 *certificate_parts_parse(struct bytes der) {
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

bool certificate_parts_serial(X509 *certificate) {
    uint8_t random[SERIAL_BYTES];
    randombytes_buf(random, sizeof random);
    random[0] = (uint8_t)((random[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    bool set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

bool certificate_parts_validity(X509 *certificate, int64_t now_ms, int64_t until_ms) {
    int64_t from = now_ms / 1000 - CERTIFICATE_PARTS_SLACK_S;
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(until_ms / 1000)) != NULL;
}

bool certificate_parts_name(X509_NAME *name, const char *field, const char *value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

bool certificate_parts_extension(X509 *certificate, X509 *issuer, int extension,
                                 const char *value) {
    X509V3_CTX around;
    X509V3_set_ctx(&around, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &around, extension, value);
    bool added = made != NULL && X509_add_ext(certificate, made, -1) == 1;
    X509_EXTENSION_free(made);
    return added;
}

bool certificate_parts_identifiers(X509 *certificate, X509 *issuer) {
    return certificate_parts_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           certificate_parts_extension(certificate, issuer, NID_authority_key_identifier,
                                       "keyid:always");
}

enum err certificate_parts_put(struct buffer *target, X509 *certificate) {
    OPENSSL_SCOPE_OCTETS *der = NULL;
    int len = i2d_X509(certificate, &der);
    if (len <= 0)
        return ERR_CRYPTO;
    buffer_raw(target, der, (size_t)len);
    return target->err;
}
