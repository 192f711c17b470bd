#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/pkcs10.h"

/* Requests for certificates, as openssl req makes them and as nobody should. */
#define REQUEST_MAX 8192

static EVP_PKEY *rsa, *other_rsa, *ec;
static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];

static int make_keys(void **state) {
    (void)state;
    rsa = EVP_RSA_gen(2048);
    other_rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    bool made = rsa != NULL && other_rsa != NULL && ec != NULL;
    return made && certificate_open() == ERR_OK ? 0 : -1;
}

static int free_keys(void **state) {
    (void)state;
    EVP_PKEY *const keys[] = {rsa, other_rsa, ec};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EVP_PKEY_free(keys[i]);
    certificate_close();
    return 0;
}

/* A request for ${key} that ${signer} has signed. */
static X509_REQ *make(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *hash) {
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = X509_REQ_get_subject_name(request);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"whatever", -1, -1, 0),
                     1);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, signer, hash) > 0);
    return request;
}

static struct bytes encode(X509_REQ *request, uint8_t memory[static REQUEST_MAX]) {
    unsigned char *at = memory;
    int len = i2d_X509_REQ(request, &at);
    assert_true(len > 0 && len <= REQUEST_MAX);
    X509_REQ_free(request);
    return bytes_of(memory, (size_t)len);
}

static struct unseal_pkcs10_read read_it(struct bytes encoded) {
    struct unseal_pkcs10_read read, again;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    static uint8_t memory[1024], once_more[1024];
    struct buffer written = buffer_over(memory, sizeof memory);
    struct buffer rewritten = buffer_over(once_more, sizeof once_more);
    memset(&read, 0x55, sizeof read);
    pkcs10_read(encoded, &workspace, &read);
    pkcs10_wire_put_read(&written, &read);
    assert_int_equal(written.err, ERR_OK);
    assert_int_equal(pkcs10_wire_get_read(bytes_of(memory, written.len), &again), ERR_OK);
    pkcs10_wire_put_read(&rewritten, &again);
    assert_int_equal(rewritten.len, written.len);
    assert_memory_equal(memory, once_more, written.len);
    if (read.status != ERR_OK)
        assert_true(read.modulus_len == 0 && read.key == 0);
    return read;
}

static enum err status_of(struct bytes encoded) {
    return read_it(encoded).status;
}

static void assert_number(EVP_PKEY *key, const char *name, const uint8_t *expected, size_t len) {
    uint8_t bytes[512];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, bytes, (int)len), (int)len);
    assert_memory_equal(bytes, expected, len);
    BN_free(number);
}

static void the_key_of_an_rsa_request_is_read(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX];
    struct unseal_pkcs10_read read = read_it(encode(make(rsa, rsa, EVP_sha256()), memory));
    assert_int_equal(read.status, ERR_OK);
    assert_int_equal(read.key, PKCS10_RSA);
    assert_int_equal(read.modulus_len, 256);
    assert_number(rsa, OSSL_PKEY_PARAM_RSA_N, read.modulus, 256);
    assert_string_equal(read.key_name, "RSA-2048");
}

static void the_key_of_a_p256_request_is_read(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX];
    struct unseal_pkcs10_read read = read_it(encode(make(ec, ec, EVP_sha256()), memory));
    assert_int_equal(read.status, ERR_OK);
    assert_int_equal(read.key, PKCS10_P256);
    assert_number(ec, OSSL_PKEY_PARAM_EC_PUB_X, read.x, 32);
    assert_number(ec, OSSL_PKEY_PARAM_EC_PUB_Y, read.y, 32);
    assert_string_equal(read.key_name, "P-256");
}

static void one_key_has_one_name_and_another_has_another(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX];
    struct unseal_pkcs10_read one = read_it(encode(make(rsa, rsa, EVP_sha256()), memory)),
                              again = read_it(encode(make(rsa, rsa, EVP_sha384()), memory)),
                              other =
                                  read_it(encode(make(other_rsa, other_rsa, EVP_sha256()), memory));
    assert_memory_equal(one.key_hash, again.key_hash, 32);
    assert_memory_not_equal(one.key_hash, other.key_hash, 32);
}

static void pem_reads_as_the_same_request(void **state) {
    (void)state;
    char *text;
    X509_REQ *request = make(ec, ec, EVP_sha256());
    int (*const writers[])(BIO *, const X509_REQ *) = {PEM_write_bio_X509_REQ,
                                                       PEM_write_bio_X509_REQ_NEW};
    for (size_t i = 0; i < 2; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        assert_true(BIO_puts(bio, "Certificate Request:\n    Data:\n") > 0);
        assert_int_equal(writers[i](bio, request), 1);
        long len = BIO_get_mem_data(bio, &text);
        assert_int_equal(status_of(bytes_of(text, (size_t)len)), ERR_OK);
        assert_int_equal(status_of(bytes_of(text, (size_t)len - 6)), ERR_MALFORMED);
        BIO_free(bio);
    }
    X509_REQ_free(request);
}

static void who_does_not_have_the_key_is_refused(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX];
    assert_int_equal(status_of(encode(make(rsa, other_rsa, EVP_sha256()), memory)), ERR_CRYPTO);
    assert_int_equal(status_of(encode(make(ec, rsa, EVP_sha256()), memory)), ERR_CRYPTO);
}

static void a_changed_request_is_not_its_maker_s(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX], changed[REQUEST_MAX];
    struct bytes whole = encode(make(ec, ec, EVP_sha256()), memory);
    for (size_t at = 0; at < whole.len; at++) {
        memcpy(changed, memory, whole.len);
        changed[at] ^= 0x04;
        assert_int_not_equal(status_of(bytes_of(changed, whole.len)), ERR_OK);
    }
}

static void a_request_is_read_to_its_last_byte(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX + 1] = {0};
    struct bytes whole = encode(make(rsa, rsa, EVP_sha256()), memory);
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(status_of(bytes_of(memory, len)), ERR_MALFORMED);
    memory[whole.len] = 0;
    assert_int_equal(status_of(bytes_of(memory, whole.len + 1)), ERR_MALFORMED);
}

static EVP_PKEY *rsa_with(int bits, unsigned long exponent) {
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *number = BN_new();
    EVP_PKEY *key = NULL;
    assert_int_equal(BN_set_word(number, exponent), 1);
    assert_int_equal(EVP_PKEY_keygen_init(maker), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(maker, bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(maker, number), 1);
    assert_int_equal(EVP_PKEY_generate(maker, &key), 1);
    EVP_PKEY_CTX_free(maker);
    BN_free(number);
    return key;
}

static void keys_of_other_kinds_are_named_and_refused(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX];
    const struct {
        EVP_PKEY *key;
        const char *name;
    } cases[] = {
        {rsa_with(1024, 65537), "RSA-1024"},
        {rsa_with(2048, 3), "RSA-2048, other exponent"},
        {EVP_EC_gen("P-384"), "secp384r1"},
        {EVP_EC_gen("secp256k1"), "secp256k1"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ED25519-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_non_null(cases[i].key);
        const EVP_MD *hash =
            EVP_PKEY_get_base_id(cases[i].key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
        struct unseal_pkcs10_read read =
            read_it(encode(make(cases[i].key, cases[i].key, hash), memory));
        assert_int_equal(read.status, ERR_DENIED);
        assert_string_equal(read.key_name, cases[i].name);
        EVP_PKEY_free(cases[i].key);
    }
}

static void other_things_are_no_request(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "hello",
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----END CERTIFICATE REQUEST-----\n-----BEGIN CERTIFICATE REQUEST-----\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(status_of(bytes_of_text(texts[i])), ERR_MALFORMED);
}

/* ---- its messages ---- */

static void an_answer_out_of_its_rules_is_refused(void **state) {
    (void)state;
    uint8_t memory[REQUEST_MAX], written[1024];
    struct unseal_pkcs10_read read = read_it(encode(make(rsa, rsa, EVP_sha256()), memory)), again;
    struct buffer target = buffer_over(written, sizeof written);
    pkcs10_wire_put_read(&target, &read);
    for (size_t len = 0; len < target.len; len++)
        assert_int_not_equal(pkcs10_wire_get_read(bytes_of(written, len), &again), ERR_OK);
    read.modulus[0] = 0;
    target.len = 0;
    pkcs10_wire_put_read(&target, &read);
    assert_int_equal(pkcs10_wire_get_read(bytes_of(written, target.len), &again), ERR_MALFORMED);
    assert_int_equal(again.status, ERR_MALFORMED);
    read = (struct unseal_pkcs10_read){.status = ERR_HSM};
    target.len = 0;
    pkcs10_wire_put_read(&target, &read);
    assert_int_equal(pkcs10_wire_get_read(bytes_of(written, target.len), &again), ERR_MALFORMED);
    read = (struct unseal_pkcs10_read){.status = ERR_CRYPTO, .key_name = "RSA-2048"};
    target.len = 0;
    pkcs10_wire_put_read(&target, &read);
    assert_int_equal(pkcs10_wire_get_read(bytes_of(written, target.len), &again), ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_an_rsa_request_is_read),
        cmocka_unit_test(the_key_of_a_p256_request_is_read),
        cmocka_unit_test(one_key_has_one_name_and_another_has_another),
        cmocka_unit_test(pem_reads_as_the_same_request),
        cmocka_unit_test(who_does_not_have_the_key_is_refused),
        cmocka_unit_test(a_changed_request_is_not_its_maker_s),
        cmocka_unit_test(a_request_is_read_to_its_last_byte),
        cmocka_unit_test(keys_of_other_kinds_are_named_and_refused),
        cmocka_unit_test(other_things_are_no_request),
        cmocka_unit_test(an_answer_out_of_its_rules_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
