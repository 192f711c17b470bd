#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "firmware/base/err.h"

/* A small certificate authority for demonstrations, by OpenSSL. Its keys live in files, or nowhere.
 */
enum demo_key_type { DEMO_KEY_RSA_2048, DEMO_KEY_P256 };

struct demo_certificate {
    EVP_PKEY *key;
    X509 *certificate;
};

struct demo_certificate_subject {
    const char *common_name;
    const char *organisation;
    const char *key_usage;          /* in OpenSSL's words: "critical,digitalSignature" */
    const char *extended_key_usage; /* NULL: none */
    const char *alternative_names;  /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    int days;
};

/* Each certificate is new, with a random serial number, valid from yesterday. ERR_CRYPTO. */
MUST_CHECK enum err demo_certificate_authority(const char *common_name, enum demo_key_type type,
                                               struct demo_certificate *authority);
MUST_CHECK enum err demo_certificate_issue(const struct demo_certificate *authority,
                                           enum demo_key_type type,
                                           const struct demo_certificate_subject *subject,
                                           struct demo_certificate *issued);
void demo_certificate_free(struct demo_certificate *certificate);
#define DEMO_CERTIFICATE_CLEANUP __attribute__((cleanup(demo_certificate_free)))

/* Writes key, certificate and the authority's certificate as PKCS#12 (mode 0600). */
MUST_CHECK enum err demo_certificate_write_p12(const char *path,
                                               const struct demo_certificate *certificate,
                                               const struct demo_certificate *authority,
                                               const char *password);
