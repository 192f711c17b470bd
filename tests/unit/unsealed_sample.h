#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "firmware/base/bytes.h"

/*
 * What a programme sends, made by the OpenSSL and codec calls a client would make. Every function
 * fails the running test when it cannot.
 */
#define SAMPLE_NOW_MS     1705314030123 /* 2024-01-15T10:20:30.123Z */
#define SAMPLE_TEXT_SIZE  16384
#define SAMPLE_DAY_MS     86400000ll
#define SAMPLE_CHUNK_SIZE 4096

struct sample_holder {
    EVP_PKEY *key;
    X509 *certificate;
    uint8_t der[SAMPLE_CHUNK_SIZE];
    size_t der_len;
};

struct sample_subject {
    const char *name;
    EVP_PKEY *key; /* NULL: a fresh RSA key of ${bits} */
    unsigned bits;
    bool is_authority;
    int64_t not_before_ms, not_after_ms; /* 0: a year before and after SAMPLE_NOW_MS */
    const char *digest;                  /* NULL: SHA256 */
    const char *usage;                   /* of the key, as OpenSSL names it; NULL: not said */
    const char *extended;                /* its extended use, likewise */
    const char *names;                   /* subjectAltName, likewise */
    const char *feature;                 /* tlsfeature, likewise */
    const char *comment;                 /* nsComment, likewise */
    const char *constraints; /* basicConstraints, likewise, in place of an authority's */
};

/* Into ${text}, which it must fit. */
void sample_format(char text[static SAMPLE_TEXT_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ${issuer} NULL: self-signed. */
void sample_certify(const struct sample_subject *subject, const struct sample_holder *issuer,
                    struct sample_holder *holder);
void sample_free(struct sample_holder *holder);
struct bytes sample_der(const struct sample_holder *holder);

/* The certificate as PEM text. */
void sample_pem(const struct sample_holder *holder, char text[static SAMPLE_TEXT_SIZE]);

/* Base64url without padding, or the SDK's form: standard, a line break after every 76. */
void sample_base64url(struct bytes view, char text[static SAMPLE_TEXT_SIZE]);
void sample_base64_lines(struct bytes view, const char *line_break,
                         char text[static SAMPLE_TEXT_SIZE]);

/* ${header} JSON, signed over ${body}: protected ".." signature. */
void sample_jws(const char *header, EVP_PKEY *key, struct bytes body,
                char text[static SAMPLE_TEXT_SIZE]);
/* The header {"alg":"RS256","x5c":["…"]} with the certificate's DER. */
void sample_jws_header(const struct sample_holder *holder, char text[static SAMPLE_TEXT_SIZE]);

/* ciphertext ‖ tag ‖ IV, as bytes. Gives the length. */
size_t sample_seal(const uint8_t key[static 32], const uint8_t iv[static 16],
                   struct bytes plaintext, uint8_t *sealed, size_t size);
/* Seals the upper-case hex SHA-256 of ${plaintext}. */
size_t sample_seal_hash(const uint8_t key[static 32], const uint8_t iv[static 16],
                        struct bytes plaintext, uint8_t *sealed, size_t size);
