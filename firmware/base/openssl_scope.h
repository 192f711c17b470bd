#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/*
 * OpenSSL's objects that are freed where the scope of their variable ends, by whichever way:
 *
 *   OPENSSL_SCOPE(X509) *certificate = X509_new();
 *
 * The variable is initialised, with NULL if there is nothing yet. A type without a row below has no
 * such variables.
 */
#define OPENSSL_SCOPE(type) __attribute__((cleanup(openssl_scope_##type))) type

/* The same for memory that OpenSSL gives away, as i2d_X509 does: OPENSSL_SCOPE_OCTETS *der. */
#define OPENSSL_SCOPE_OCTETS __attribute__((cleanup(openssl_scope_octets))) unsigned char

#define OPENSSL_SCOPE_TYPE(type, release)                                                          \
    static inline void openssl_scope_##type(type **object) {                                       \
        release(*object);                                                                          \
    }

OPENSSL_SCOPE_TYPE(BIGNUM, BN_free)
OPENSSL_SCOPE_TYPE(ECDSA_SIG, ECDSA_SIG_free)
OPENSSL_SCOPE_TYPE(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
OPENSSL_SCOPE_TYPE(EVP_KDF_CTX, EVP_KDF_CTX_free)
OPENSSL_SCOPE_TYPE(EVP_MD_CTX, EVP_MD_CTX_free)
OPENSSL_SCOPE_TYPE(EVP_PKEY, EVP_PKEY_free)
OPENSSL_SCOPE_TYPE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OPENSSL_SCOPE_TYPE(GENERAL_NAMES, GENERAL_NAMES_free)
OPENSSL_SCOPE_TYPE(OSSL_PARAM, OSSL_PARAM_free)
OPENSSL_SCOPE_TYPE(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
OPENSSL_SCOPE_TYPE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
OPENSSL_SCOPE_TYPE(X509, X509_free)
OPENSSL_SCOPE_TYPE(X509_REQ, X509_REQ_free)
OPENSSL_SCOPE_TYPE(X509_STORE, X509_STORE_free)
OPENSSL_SCOPE_TYPE(X509_STORE_CTX, X509_STORE_CTX_free)

#undef OPENSSL_SCOPE_TYPE

static inline void openssl_scope_octets(unsigned char **octets) {
    OPENSSL_free(*octets);
}
