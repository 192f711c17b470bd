#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "firmware/base/codec.h"
#include "tests/unit/unsealed_sample.h"

#define YEAR_MS (365 * SAMPLE_DAY_MS)

void sample_format(char text[static SAMPLE_TEXT_SIZE], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, SAMPLE_TEXT_SIZE, format, arguments);
    va_end(arguments);
    assert_true(len >= 0 && len < SAMPLE_TEXT_SIZE);
}

static void set_time(ASN1_TIME *time, int64_t given_ms, int64_t otherwise_ms) {
    int64_t wall_ms = given_ms != 0 ? given_ms : otherwise_ms;
    assert_non_null(ASN1_TIME_set(time, (time_t)(wall_ms / 1000)));
}

static void add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

void sample_certify(const struct sample_subject *subject, const struct sample_holder *issuer,
                    struct sample_holder *holder) {
    static long serial = 1;
    *holder = (struct sample_holder){0};
    holder->key = subject->key != NULL ? subject->key : EVP_RSA_gen(subject->bits);
    holder->certificate = X509_new();
    assert_non_null(holder->key);
    assert_non_null(holder->certificate);
    if (subject->key != NULL)
        EVP_PKEY_up_ref(subject->key);
    X509 *certificate = holder->certificate;
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)subject->name, -1, -1, 0),
                     1);
    X509 *signer = issuer != NULL ? issuer->certificate : certificate;
    assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(signer)), 1);
    set_time(X509_getm_notBefore(certificate), subject->not_before_ms, SAMPLE_NOW_MS - YEAR_MS);
    set_time(X509_getm_notAfter(certificate), subject->not_after_ms, SAMPLE_NOW_MS + YEAR_MS);
    assert_int_equal(X509_set_pubkey(certificate, holder->key), 1);
    if (subject->is_authority || subject->constraints != NULL)
        add_extension(certificate, NID_basic_constraints,
                      subject->constraints != NULL ? subject->constraints : "critical,CA:TRUE");
    if (subject->usage != NULL)
        add_extension(certificate, NID_key_usage, subject->usage);
    if (subject->extended != NULL)
        add_extension(certificate, NID_ext_key_usage, subject->extended);
    if (subject->names != NULL)
        add_extension(certificate, NID_subject_alt_name, subject->names);
    if (subject->feature != NULL)
        add_extension(certificate, NID_tlsfeature, subject->feature);
    if (subject->comment != NULL)
        add_extension(certificate, NID_netscape_comment, subject->comment);
    const EVP_MD *digest = EVP_get_digestbyname(subject->digest ? subject->digest : "SHA256");
    assert_true(X509_sign(certificate, issuer != NULL ? issuer->key : holder->key, digest) > 0);
    unsigned char *at = holder->der;
    int len = i2d_X509(certificate, NULL);
    assert_true(len > 0 && (size_t)len <= sizeof holder->der);
    holder->der_len = (size_t)i2d_X509(certificate, &at);
}

void sample_free(struct sample_holder *holder) {
    EVP_PKEY_free(holder->key);
    X509_free(holder->certificate);
    *holder = (struct sample_holder){0};
}

struct bytes sample_der(const struct sample_holder *holder) {
    return bytes_of(holder->der, holder->der_len);
}

void sample_pem(const struct sample_holder *holder, char text[static SAMPLE_TEXT_SIZE]) {
    BIO *memory = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(memory, holder->certificate), 1);
    int len = BIO_read(memory, text, SAMPLE_TEXT_SIZE - 1);
    assert_true(len > 0);
    text[len] = '\0';
    BIO_free(memory);
}

void sample_base64url(struct bytes view, char text[static SAMPLE_TEXT_SIZE]) {
    struct buffer target = buffer_over(text, SAMPLE_TEXT_SIZE);
    codec_base64url(&target, view);
    buffer_u8(&target, 0);
    assert_int_equal(target.err, ERR_OK);
}

void sample_base64_lines(struct bytes view, const char *line_break,
                         char text[static SAMPLE_TEXT_SIZE]) {
    struct buffer target = buffer_over(text, SAMPLE_TEXT_SIZE);
    for (size_t at = 0; at < view.len; at += 57) {
        size_t len = view.len - at < 57 ? view.len - at : 57;
        codec_base64(&target, bytes_of(view.data + at, len));
        buffer_raw(&target, line_break, strlen(line_break));
    }
    buffer_u8(&target, 0);
    assert_int_equal(target.err, ERR_OK);
}

void sample_jws(const char *header, EVP_PKEY *key, struct bytes body,
                char text[static SAMPLE_TEXT_SIZE]) {
    static char input[4 * SAMPLE_TEXT_SIZE];
    struct buffer target = buffer_over(input, sizeof input);
    codec_base64url(&target, bytes_of_text(header));
    size_t protected_len = target.len;
    buffer_u8(&target, '.');
    codec_base64url(&target, body);
    assert_int_equal(target.err, ERR_OK);

    uint8_t signature[1024];
    size_t signature_len = sizeof signature;
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(signer, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(
        EVP_DigestSign(signer, signature, &signature_len, (uint8_t *)input, target.len), 1);
    EVP_MD_CTX_free(signer);

    struct buffer written = buffer_over(text, SAMPLE_TEXT_SIZE);
    buffer_raw(&written, input, protected_len);
    buffer_raw(&written, "..", 2);
    codec_base64url(&written, bytes_of(signature, signature_len));
    buffer_u8(&written, 0);
    assert_int_equal(written.err, ERR_OK);
}

void sample_jws_header(const struct sample_holder *holder, char text[static SAMPLE_TEXT_SIZE]) {
    struct buffer target = buffer_over(text, SAMPLE_TEXT_SIZE);
    buffer_format(&target, "{\"alg\":\"RS256\",\"x5c\":[\"");
    codec_base64(&target, sample_der(holder));
    buffer_format(&target, "\"]}");
    buffer_u8(&target, 0);
    assert_int_equal(target.err, ERR_OK);
}

size_t sample_seal(const uint8_t key[static 32], const uint8_t iv[static 16],
                   struct bytes plaintext, uint8_t *sealed, size_t size) {
    int len = 0, rest = 0;
    assert_true(plaintext.len + 32 <= size);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, NULL, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL), 1);
    assert_int_equal(EVP_EncryptInit_ex(cipher, NULL, NULL, key, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(cipher, sealed, &len, plaintext.data, (int)plaintext.len),
                     1);
    assert_int_equal(EVP_EncryptFinal_ex(cipher, sealed + len, &rest), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, sealed + plaintext.len),
                     1);
    memcpy(sealed + plaintext.len + 16, iv, 16);
    EVP_CIPHER_CTX_free(cipher);
    return plaintext.len + 32;
}

size_t sample_seal_hash(const uint8_t key[static 32], const uint8_t iv[static 16],
                        struct bytes plaintext, uint8_t *sealed, size_t size) {
    uint8_t hash[32];
    char hex[64];
    struct buffer target = buffer_over(hex, sizeof hex);
    assert_int_equal(EVP_Digest(plaintext.data, plaintext.len, hash, NULL, EVP_sha256(), NULL), 1);
    codec_hex_upper(&target, bytes_of(hash, sizeof hash));
    return sample_seal(key, iv, bytes_of(hex, sizeof hex), sealed, size);
}
