#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "tests/unit/tls_authority.h"

#define VALID_SECONDS (90 * 86400L)

static X509 *begin(const char *name, const X509_NAME *issuer, EVP_PKEY *key) {
    static long serial = 1;
    X509 *made = X509_new();
    assert_non_null(made);
    assert_int_equal(X509_set_version(made, X509_VERSION_3), 1);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(
        X509_set_issuer_name(made, issuer != NULL ? issuer : X509_get_subject_name(made)), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), VALID_SECONDS));
    assert_int_equal(X509_set_pubkey(made, key), 1);
    return made;
}

void tls_authority_make(struct tls_authority *authority) {
    memset(authority, 0, sizeof *authority);
    authority->key = EVP_EC_gen("P-384");
    assert_non_null(authority->key);
    authority->certificate = begin("Test Authority", NULL, authority->key);
    X509_EXTENSION *constraints =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    assert_int_equal(X509_add_ext(authority->certificate, constraints, -1), 1);
    X509_EXTENSION_free(constraints);
    assert_true(X509_sign(authority->certificate, authority->key, EVP_sha384()) > 0);
}

void tls_authority_free(struct tls_authority *authority) {
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
}

static struct bytes encode(X509 *certificate, uint8_t memory[static 4096]) {
    unsigned char *at = memory;
    int len = i2d_X509(certificate, NULL);
    assert_in_range(len, 1, 4096);
    assert_int_equal(i2d_X509(certificate, &at), len);
    return bytes_of(memory, (size_t)len);
}

struct bytes tls_authority_der(const struct tls_authority *authority, uint8_t memory[static 4096]) {
    return encode(authority->certificate, memory);
}

static struct bytes finish(struct tls_authority *authority, X509 *made) {
    assert_true(X509_sign(made, authority->key, EVP_sha384()) > 0);
    struct bytes der = encode(made, authority->memory[authority->issued++ % 4]);
    X509_free(made);
    return der;
}

struct bytes tls_authority_certify(struct tls_authority *authority, EVP_PKEY *key) {
    return finish(authority, begin("the box", X509_get_subject_name(authority->certificate), key));
}

struct bytes tls_authority_answer(struct tls_authority *authority, struct bytes request) {
    const unsigned char *at = request.data;
    X509_REQ *asked = d2i_X509_REQ(NULL, &at, (long)request.len);
    assert_non_null(asked);
    assert_ptr_equal(at, request.data + request.len);
    EVP_PKEY *key = X509_REQ_get0_pubkey(asked);
    assert_int_equal(X509_REQ_verify(asked, key), 1);
    X509 *made = begin("the box", X509_get_subject_name(authority->certificate), key);
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(asked);
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
        assert_int_equal(X509_add_ext(made, sk_X509_EXTENSION_value(extensions, i), -1), 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(asked);
    return finish(authority, made);
}
