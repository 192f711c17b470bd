#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "firmware/base/codec.h"
#include "tests/unit/jose_sample.h"

/* The thumbprint of RFC 7638 §3.1. */
#define KID "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\""

const struct jose_sample_member jose_sample_jws_header[] = {
    {"alg", "\"ES256\""}, {"kid", KID}, {"typ", "\"idcs-request+jws\""}, {NULL, NULL}};

/* The ephemeral key, apu and apv of RFC 7518 appendix C. */
const struct jose_sample_member jose_sample_jwe_header[] = {
    {"alg", "\"ECDH-ES\""},
    {"enc", "\"A256GCM\""},
    {"kid", KID},
    {"apu", "\"QWxpY2U\""},
    {"apv", "\"Qm9i\""},
    {"epk",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
     "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}"},
    {NULL, NULL}};

const struct jose_sample_member jose_sample_plaintext[] = {
    {"aud", "\"https://127.0.0.1:8444\""},
    {"iss", "\"tayssir\""},
    {"txn", "\"1234567890\""},
    {"iat", "1705314030"},
    {"nonce", "\"0123456789-_abcdefghij\""},
    {"device", "\"counter 4\""},
    {"individualId", "\"5938714605\""},
    {"individualIdType", "\"UIN\""},
    {"otp", "\"123456\""},
    {"demographics", "{\"dob\":\"1980/06/15\"}"},
    {NULL, NULL}};

const char *jose_sample_object(const struct jose_sample_member *members, const char *name,
                               const char *value) {
    static char text[JOSE_SAMPLE_SIZE];
    struct buffer target = buffer_over(text, sizeof text);
    const struct jose_sample_member last = {name, value};
    bool known = name == NULL, first = true;
    buffer_u8(&target, '{');
    for (const struct jose_sample_member *member = members; member->name != NULL || !known;
         member++) {
        struct jose_sample_member written = member->name != NULL ? *member : last;
        bool changed = name != NULL && strcmp(written.name, name) == 0;
        known |= changed;
        const char *given = changed ? value : written.value;
        if (given != NULL) {
            buffer_format(&target, "%s\"%s\":%s", first ? "" : ",", written.name, given);
            first = false;
        }
        if (member->name == NULL)
            break;
    }
    buffer_u8(&target, '}');
    buffer_u8(&target, '\0');
    assert_int_equal(target.err, ERR_OK);
    return text;
}

static const uint8_t octets[JOSE_SIGNATURE_BYTES] = {1, 2,  3,  4,  5,  6,  7,  8,
                                                     9, 10, 11, 12, 13, 14, 15, 16};

void jose_sample_jws(const char *header, struct bytes payload, char text[static JOSE_SAMPLE_SIZE]) {
    struct buffer target = buffer_over(text, JOSE_SAMPLE_SIZE);
    codec_base64url(&target, bytes_of_text(header));
    buffer_u8(&target, '.');
    codec_base64url(&target, payload);
    buffer_u8(&target, '.');
    codec_base64url(&target, bytes_of(octets, JOSE_SIGNATURE_BYTES));
    buffer_u8(&target, '\0');
    assert_int_equal(target.err, ERR_OK);
}

void jose_sample_jwe(const char *header, struct bytes ciphertext,
                     char text[static JOSE_SAMPLE_SIZE]) {
    struct buffer target = buffer_over(text, JOSE_SAMPLE_SIZE);
    codec_base64url(&target, bytes_of_text(header));
    buffer_raw(&target, "..", 2);
    codec_base64url(&target, bytes_of(octets, JOSE_IV_BYTES));
    buffer_u8(&target, '.');
    codec_base64url(&target, ciphertext);
    buffer_u8(&target, '.');
    codec_base64url(&target, bytes_of(octets, JOSE_TAG_BYTES));
    buffer_u8(&target, '\0');
    assert_int_equal(target.err, ERR_OK);
}

void jose_sample_seal(const struct jose_sample_sealing *sealing, uint8_t *ciphertext,
                      uint8_t tag[static JOSE_TAG_BYTES]) {
    int len = 0, rest = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, sealing->key, sealing->iv),
                     1);
    assert_int_equal(EVP_EncryptUpdate(cipher, NULL, &len, sealing->additional.data,
                                       (int)sealing->additional.len),
                     1);
    assert_int_equal(EVP_EncryptUpdate(cipher, ciphertext, &len, sealing->plaintext.data,
                                       (int)sealing->plaintext.len),
                     1);
    assert_int_equal(EVP_EncryptFinal_ex(cipher, ciphertext + len, &rest), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, JOSE_TAG_BYTES, tag), 1);
    EVP_CIPHER_CTX_free(cipher);
}
