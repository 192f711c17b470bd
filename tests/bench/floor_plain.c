/* The un-padding alone, which OpenSSL gives by this name only, is deprecated since 3.0. */
#define OPENSSL_API_COMPAT 10100

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hsm/concat_kdf.h"
#include "tests/bench/floor_clock.h"
#include "tests/bench/floor_plain.h"

#define RSA_BYTES         256
#define KEY_BYTES         32
#define IV_BYTES          16
#define TAG_BYTES         16
#define HASH_TEXT         64
#define PLAIN_MAX         65536
#define RECORD_BYTES      1024 /* of a request in the journal, with its claims */
#define FILE_BYTES        (4 << 20)
#define REPETITIONS       100
#define WRITES            40
#define DER_SIGNATURE_MAX 128

/* Something sealed, to be opened again and again. */
struct sealed {
    uint8_t data[PLAIN_MAX], tag[TAG_BYTES];
    size_t len;
};

struct floor_plain {
    const struct floor_options *options;
    int fd;
    unsigned written;
    uint8_t key[KEY_BYTES], iv[IV_BYTES];
    uint8_t padded[RSA_BYTES];
    EVP_CIPHER *gcm;
    EVP_CIPHER_CTX *cipher;
    EVP_MD *sha256;
    struct sealed request[CALL_KINDS], hash;
};

static bool run_gcm(struct floor_plain *plain, struct sealed *sealed, uint8_t *target,
                    int direction) {
    int len = 0, last = 0;
    EVP_CIPHER_CTX *cipher = plain->cipher;
    return EVP_CipherInit_ex2(cipher, plain->gcm, NULL, NULL, direction, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, IV_BYTES, NULL) == 1 &&
           EVP_CipherInit_ex2(cipher, NULL, plain->key, plain->iv, direction, NULL) == 1 &&
           EVP_CipherUpdate(cipher, target, &len, sealed->data, (int)sealed->len) == 1 &&
           (direction == 1 ||
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, sealed->tag) == 1) &&
           EVP_CipherFinal_ex(cipher, target + len, &last) == 1 &&
           (direction == 0 ||
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, sealed->tag) == 1);
}

static bool seal(struct floor_plain *plain, struct sealed *sealed, size_t len) {
    if (len > sizeof sealed->data)
        return false;
    sealed->len = len;
    return run_gcm(plain, sealed, sealed->data, 1);
}

static enum err open_file(struct floor_plain *plain) {
    char path[512];
    static uint8_t zeros[FILE_BYTES];
    snprintf(path, sizeof path, "%s/idcs-load-XXXXXX", plain->options->write_folder);
    plain->fd = mkostemp(path, O_CLOEXEC);
    if (plain->fd < 0) {
        fprintf(stderr, "idcs-load: cannot write to %s: %s\n", plain->options->write_folder,
                strerror(errno));
        return ERR_SYSTEM;
    }
    (void)unlink(path);
    if (write(plain->fd, zeros, sizeof zeros) != (ssize_t)sizeof zeros || fsync(plain->fd) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static enum err prepare(struct floor_plain *plain) {
    plain->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    plain->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    plain->cipher = EVP_CIPHER_CTX_new();
    if (plain->gcm == NULL || plain->sha256 == NULL || plain->cipher == NULL ||
        RAND_bytes(plain->key, KEY_BYTES) != 1 || RAND_bytes(plain->iv, IV_BYTES) != 1)
        return ERR_CRYPTO;
    if (RSA_padding_add_PKCS1_OAEP_mgf1(plain->padded, RSA_BYTES, plain->key, KEY_BYTES, NULL, 0,
                                        EVP_sha256(), EVP_sha256()) != 1 ||
        !seal(plain, &plain->hash, HASH_TEXT))
        return ERR_CRYPTO;
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        const struct floor_sample *sample = &plain->options->samples[call];
        if (sample->sealed_len > 0 && !seal(plain, &plain->request[call], sample->sealed_len))
            return ERR_CRYPTO;
    }
    return open_file(plain);
}

enum err floor_plain_open(struct floor_plain **plain, const struct floor_options *options) {
    *plain = calloc(1, sizeof **plain);
    if (*plain == NULL)
        return ERR_FULL;
    (*plain)->options = options;
    (*plain)->fd = -1;
    return prepare(*plain);
}

void floor_plain_close(struct floor_plain *plain) {
    if (plain == NULL)
        return;
    if (plain->fd >= 0)
        (void)close(plain->fd);
    EVP_CIPHER_CTX_free(plain->cipher);
    EVP_CIPHER_free(plain->gcm);
    EVP_MD_free(plain->sha256);
    free(plain);
}

/* RS256 over what the request's signature covers; the base64url of the body is as long as this. */
static enum err measure_verify(const struct floor_plain *plain, const struct floor_sample *sample,
                               double *us) {
    const char *dots = strstr(sample->request.signature, "..");
    size_t covered_len =
        (size_t)(dots - sample->request.signature) + 1 + (strlen(sample->request.body) * 4 + 2) / 3;
    uint8_t *covered = calloc(1, covered_len), digest[SHA256_DIGEST_LENGTH], signature[RSA_BYTES];
    size_t len = sizeof signature;
    EVP_PKEY_CTX *key = EVP_PKEY_CTX_new(sample->key, NULL);
    bool right = covered != NULL && key != NULL &&
                 EVP_Digest(covered, covered_len, digest, NULL, plain->sha256, NULL) == 1 &&
                 EVP_PKEY_sign_init(key) == 1 &&
                 EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_signature_md(key, plain->sha256) == 1 &&
                 EVP_PKEY_sign(key, signature, &len, digest, sizeof digest) == 1 &&
                 EVP_PKEY_verify_init(key) == 1 &&
                 EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_signature_md(key, plain->sha256) == 1;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right = EVP_Digest(covered, covered_len, digest, NULL, plain->sha256, NULL) == 1 &&
                EVP_PKEY_verify(key, signature, len, digest, sizeof digest) == 1;
    *us = floor_clock_us(began_ns, REPETITIONS);
    EVP_PKEY_CTX_free(key);
    free(covered);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_open(struct floor_plain *plain, enum call_kind call, double *us) {
    static uint8_t opened[PLAIN_MAX];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    bool right = true;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right =
            run_gcm(plain, &plain->request[call], opened, 0) &&
            run_gcm(plain, &plain->hash, opened, 0) &&
            EVP_Digest(opened, plain->request[call].len, digest, NULL, plain->sha256, NULL) == 1;
    *us = floor_clock_us(began_ns, REPETITIONS);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_unpad(const struct floor_plain *plain, double *us) {
    uint8_t key[RSA_BYTES];
    bool right = true;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right = RSA_padding_check_PKCS1_OAEP_mgf1(key, sizeof key, plain->padded + 1, RSA_BYTES - 1,
                                                  RSA_BYTES, NULL, 0, EVP_sha256(),
                                                  EVP_sha256()) == KEY_BYTES;
    *us = floor_clock_us(began_ns, REPETITIONS);
    return right ? ERR_OK : ERR_CRYPTO;
}

/* An eKYC's answer: a new key for the programme, and the attributes under it. */
static enum err measure_wrap(struct floor_plain *plain, const struct floor_sample *sample,
                             double *us) {
    static struct sealed identity;
    uint8_t wrapped[RSA_BYTES];
    EVP_PKEY_CTX *key = EVP_PKEY_CTX_new(sample->key, NULL);
    bool right = key != NULL && EVP_PKEY_encrypt_init(key) == 1 &&
                 EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_OAEP_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_oaep_md(key, EVP_sha256()) == 1 &&
                 EVP_PKEY_CTX_set_rsa_mgf1_md(key, EVP_sha256()) == 1;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++) {
        size_t len = sizeof wrapped;
        right = seal(plain, &identity, sample->answer_len) &&
                EVP_PKEY_encrypt(key, wrapped, &len, plain->key, KEY_BYTES) == 1;
    }
    *us = floor_clock_us(began_ns, REPETITIONS);
    EVP_PKEY_CTX_free(key);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_write(struct floor_plain *plain, double *us) {
    uint8_t record[RECORD_BYTES];
    bool right = true;
    memset(record, 0x5a, sizeof record);
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < WRITES && right; turn++) {
        off_t at = (off_t)(plain->written++ % (FILE_BYTES / RECORD_BYTES)) * RECORD_BYTES;
        right = pwrite(plain->fd, record, sizeof record, at) == (ssize_t)sizeof record &&
                fdatasync(plain->fd) == 0;
    }
    *us = floor_clock_us(began_ns, WRITES);
    return right ? ERR_OK : ERR_SYSTEM;
}

/* ES256 over what the signature covers: the body but for its last part. */
static enum err measure_verify_ec(const struct floor_plain *plain,
                                  const struct floor_sample *sample, double *us) {
    const char *last = strrchr(sample->request.body, '.');
    size_t covered_len = (size_t)(last - sample->request.body), len = DER_SIGNATURE_MAX;
    uint8_t digest[SHA256_DIGEST_LENGTH], signature[DER_SIGNATURE_MAX];
    EVP_PKEY_CTX *key = EVP_PKEY_CTX_new(sample->key, NULL);
    bool right =
        key != NULL &&
        EVP_Digest(sample->request.body, covered_len, digest, NULL, plain->sha256, NULL) == 1 &&
        EVP_PKEY_sign_init(key) == 1 &&
        EVP_PKEY_sign(key, signature, &len, digest, sizeof digest) == 1 &&
        EVP_PKEY_verify_init(key) == 1;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right =
            EVP_Digest(sample->request.body, covered_len, digest, NULL, plain->sha256, NULL) == 1 &&
            EVP_PKEY_verify(key, signature, len, digest, sizeof digest) == 1;
    *us = floor_clock_us(began_ns, REPETITIONS);
    EVP_PKEY_CTX_free(key);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_open_one(struct floor_plain *plain, enum call_kind call, double *us) {
    static uint8_t opened[PLAIN_MAX];
    bool right = true;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right = run_gcm(plain, &plain->request[call], opened, 0);
    *us = floor_clock_us(began_ns, REPETITIONS);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_kdf(double *us) {
    uint8_t shared[KEY_BYTES] = {1}, key[KEY_BYTES];
    struct bytes none = bytes_of(NULL, 0);
    bool right = true;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
        right = concat_kdf_a256gcm(shared, none, none, key) == ERR_OK;
    *us = floor_clock_us(began_ns, REPETITIONS);
    return right ? ERR_OK : ERR_CRYPTO;
}

/* Attributes: a key agreed on with a new pair of ours, and the JWT under it. */
static enum err measure_wrap_ec(struct floor_plain *plain, const struct floor_sample *sample,
                                double *us) {
    static struct sealed identity;
    bool right = true;
    int64_t began_ns = floor_clock_ns();
    for (unsigned turn = 0; turn < REPETITIONS && right; turn++) {
        uint8_t shared[KEY_BYTES];
        size_t len = sizeof shared;
        EVP_PKEY *ours = EVP_EC_gen("P-256");
        EVP_PKEY_CTX *agreement = ours != NULL ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
        right = agreement != NULL && EVP_PKEY_derive_init(agreement) == 1 &&
                EVP_PKEY_derive_set_peer_ex(agreement, sample->key, 0) == 1 &&
                EVP_PKEY_derive(agreement, shared, &len) == 1 &&
                seal(plain, &identity, sample->answer_len);
        EVP_PKEY_CTX_free(agreement);
        EVP_PKEY_free(ours);
    }
    *us = floor_clock_us(began_ns, REPETITIONS);
    return right ? ERR_OK : ERR_CRYPTO;
}

static enum err measure_jose(struct floor_plain *plain, struct floor_parts *parts) {
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        const struct floor_sample *sample = &plain->options->samples[call];
        if (!sample->given)
            continue;
        ERR_TRY(measure_verify_ec(plain, sample, &parts->verify[call]));
        ERR_TRY(measure_open_one(plain, (enum call_kind)call, &parts->open[call]));
        if (call == CALL_KYC_OTP)
            ERR_TRY(measure_wrap_ec(plain, sample, &parts->wrap));
    }
    ERR_TRY(measure_kdf(&parts->unpad));
    return measure_write(plain, &parts->write);
}

enum err floor_plain_measure(struct floor_plain *plain, struct floor_parts *parts) {
    if (plain->options->profile == PROFILE_JOSE)
        return measure_jose(plain, parts);
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        const struct floor_sample *sample = &plain->options->samples[call];
        if (!sample->given)
            continue;
        ERR_TRY(measure_verify(plain, sample, &parts->verify[call]));
        if (sample->sealed_len > 0)
            ERR_TRY(measure_open(plain, (enum call_kind)call, &parts->open[call]));
        if (call == CALL_KYC_OTP)
            ERR_TRY(measure_wrap(plain, sample, &parts->wrap));
    }
    ERR_TRY(measure_unpad(plain, &parts->unpad));
    return measure_write(plain, &parts->write);
}
