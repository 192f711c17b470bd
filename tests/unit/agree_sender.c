#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "hsm/concat_kdf.h"
#include "tests/unit/agree_sender.h"

void agree_sender_ask(struct bytes certificate, struct hsm_derive *question,
                      uint8_t expected[static HSM_CONTENT_KEY_BYTES]) {
    const unsigned char *at = certificate.data;
    X509 *recipient = d2i_X509(NULL, &at, (long)certificate.len);
    EVP_PKEY *own = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *derivation = EVP_PKEY_CTX_new(own, NULL);
    uint8_t point[65], shared[CONCAT_KDF_SHARED_BYTES];
    size_t len;
    assert_int_equal(EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                                     sizeof point, &len),
                     1);
    assert_int_equal(len, sizeof point);
    memcpy(question->x, point + 1, 32);
    memcpy(question->y, point + 33, 32);
    len = sizeof shared;
    assert_int_equal(EVP_PKEY_derive_init(derivation), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(derivation, X509_get0_pubkey(recipient)), 1);
    assert_int_equal(EVP_PKEY_derive(derivation, shared, &len), 1);
    assert_int_equal(concat_kdf_a256gcm(shared, question->party_u, question->party_v, expected),
                     ERR_OK);
    EVP_PKEY_CTX_free(derivation);
    EVP_PKEY_free(own);
    X509_free(recipient);
}
