/* The un-padding alone, which OpenSSL gives by this name only, is deprecated since 3.0. */
#define OPENSSL_API_COMPAT 10100

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/finger_scratch.h"
#include "provisioning/demo/demo_finger.h"
#include "tests/bench/floor_clock.h"
#include "tests/bench/floor_finger.h"

#define RSA_BYTES      256
#define KEY_BYTES      32
#define IV_BYTES       12
#define TAG_BYTES      16
#define RECORD_BYTES   600  /* a finger of about a hundred minutiae */
#define DATA_BYTES     5600 /* what the signature of data covers, and of digitalId in it */
#define IDENTITY_BYTES 2400
#define REPETITIONS    100

struct floor_finger {
    EVP_PKEY *key;
    EVP_PKEY_CTX *verifying;
    EVP_CIPHER_CTX *gcm;
    uint8_t signature[RSA_BYTES], padded[RSA_BYTES];
    uint8_t content_key[KEY_BYTES], iv[IV_BYTES], sealed[RECORD_BYTES], tag[TAG_BYTES];
    struct finger_template enrolled, presented;
    struct finger_scratch scratch;
};

static bool seal(struct floor_finger *finger) {
    int len = 0, last = 0;
    return EVP_EncryptInit_ex(finger->gcm, EVP_aes_256_gcm(), NULL, finger->content_key,
                              finger->iv) == 1 &&
           EVP_EncryptUpdate(finger->gcm, finger->sealed, &len, finger->sealed, RECORD_BYTES) ==
               1 &&
           EVP_EncryptFinal_ex(finger->gcm, finger->sealed + len, &last) == 1 &&
           EVP_CIPHER_CTX_ctrl(finger->gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, finger->tag) == 1;
}

/* One signature, which both texts are then said to have: what it costs to verify is the same. */
static bool sign(struct floor_finger *finger) {
    uint8_t digest[SHA256_DIGEST_LENGTH] = {0};
    size_t len = sizeof finger->signature;
    EVP_PKEY_CTX *signing = EVP_PKEY_CTX_new(finger->key, NULL);
    bool done = signing != NULL && EVP_PKEY_sign_init(signing) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(signing, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(signing, EVP_sha256()) == 1 &&
                EVP_PKEY_sign(signing, finger->signature, &len, digest, sizeof digest) == 1 &&
                EVP_PKEY_verify_init(finger->verifying) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(finger->verifying, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(finger->verifying, EVP_sha256()) == 1;
    EVP_PKEY_CTX_free(signing);
    return done;
}

static void make_finger(struct floor_finger *finger) {
    struct demo_random random;
    struct demo_finger someone;
    demo_random_open(&random, "floor");
    demo_finger_make(&someone, &random);
    demo_finger_impress(&someone, &demo_finger_good, &random, &finger->enrolled);
    demo_finger_impress(&someone, &demo_finger_good, &random, &finger->presented);
}

enum err floor_finger_open(struct floor_finger **finger) {
    struct floor_finger *made = calloc(1, sizeof *made);
    *finger = made;
    if (made == NULL || sodium_init() < 0)
        return ERR_FULL;
    made->key = EVP_RSA_gen(RSA_BYTES * 8);
    made->verifying = made->key != NULL ? EVP_PKEY_CTX_new(made->key, NULL) : NULL;
    made->gcm = EVP_CIPHER_CTX_new();
    if (made->verifying == NULL || made->gcm == NULL ||
        RAND_bytes(made->content_key, KEY_BYTES) != 1 || RAND_bytes(made->iv, IV_BYTES) != 1 ||
        RSA_padding_add_PKCS1_OAEP_mgf1(made->padded, RSA_BYTES, made->content_key, KEY_BYTES, NULL,
                                        0, EVP_sha256(), EVP_sha256()) != 1 ||
        !seal(made) || !sign(made))
        return ERR_CRYPTO;
    make_finger(made);
    return ERR_OK;
}

void floor_finger_close(struct floor_finger *finger) {
    if (finger == NULL)
        return;
    EVP_PKEY_CTX_free(finger->verifying);
    EVP_PKEY_free(finger->key);
    EVP_CIPHER_CTX_free(finger->gcm);
    free(finger);
}

static bool open_record(struct floor_finger *finger) {
    uint8_t record[RECORD_BYTES];
    int len = 0, last = 0;
    return EVP_DecryptInit_ex(finger->gcm, EVP_aes_256_gcm(), NULL, finger->content_key,
                              finger->iv) == 1 &&
           EVP_DecryptUpdate(finger->gcm, record, &len, finger->sealed, RECORD_BYTES) == 1 &&
           EVP_CIPHER_CTX_ctrl(finger->gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, finger->tag) == 1 &&
           EVP_DecryptFinal_ex(finger->gcm, record + len, &last) == 1;
}

/* Both signatures over texts of the usual length, then the record. */
static bool open_capture(struct floor_finger *finger) {
    static const uint8_t text[DATA_BYTES];
    static const size_t lens[] = {DATA_BYTES, IDENTITY_BYTES};
    static const uint8_t signed_digest[SHA256_DIGEST_LENGTH];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    bool right = true;
    for (size_t i = 0; i < 2 && right; i++)
        right = SHA256(text, lens[i], digest) != NULL &&
                EVP_PKEY_verify(finger->verifying, finger->signature, RSA_BYTES, signed_digest,
                                sizeof signed_digest) == 1;
    return right && open_record(finger);
}

static bool unpad(struct floor_finger *finger) {
    uint8_t key[RSA_BYTES];
    return RSA_padding_check_PKCS1_OAEP_mgf1(key, sizeof key, finger->padded + 1, RSA_BYTES - 1,
                                             RSA_BYTES, NULL, 0, EVP_sha256(),
                                             EVP_sha256()) == KEY_BYTES;
}

static bool match(struct floor_finger *finger) {
    static struct finger_prepared enrolled, presented;
    return finger_prepare(&finger->enrolled, &enrolled) == ERR_OK &&
           finger_prepare(&finger->presented, &presented) == ERR_OK &&
           finger_compare(&presented, &enrolled, &finger->scratch) >= FINGER_SCORE_FMR_1E4;
}

enum err floor_finger_measure(struct floor_finger *finger, struct floor_parts *parts) {
    const struct {
        bool (*operation)(struct floor_finger *);
        double *us;
    } operations[] = {
        {unpad, &parts->unpad_finger}, {open_capture, &parts->capture}, {match, &parts->match}};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        bool right = operations[i].operation(finger);
        int64_t began_ns = floor_clock_ns();
        for (unsigned turn = 0; turn < REPETITIONS && right; turn++)
            right = operations[i].operation(finger);
        *operations[i].us = floor_clock_us(began_ns, REPETITIONS);
        if (!right)
            return ERR_CRYPTO;
    }
    return ERR_OK;
}
