#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_parts.h"
#include "hsm/unwrap.h"

#define KEYS_MAX 16

struct opener {
    EVP_PKEY_CTX *decryption;
    uint8_t thumbprint[HSM_THUMBPRINT_BYTES];
    uint8_t modulus[HSM_WRAPPED_BYTES];
    uint16_t generation;
};

struct unwrap_ring {
    const char *label;
    size_t count;
    uint16_t opened_by;
    struct opener openers[KEYS_MAX];
};

enum err unwrap_new(struct unwrap_ring **ring, const char *label) {
    *ring = calloc(1, sizeof **ring);
    if (*ring == NULL)
        return ERR_SYSTEM;
    (*ring)->label = label;
    return ERR_OK;
}

void unwrap_free(struct unwrap_ring *ring) {
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        EVP_PKEY_CTX_free(ring->openers[i].decryption);
    free(ring);
}

void unwrap_cleanup(struct unwrap_ring **ring) {
    unwrap_free(*ring);
}

/* OpenSSL takes over a label, so that it needs a copy each time. */
static enum err set_oaep(EVP_PKEY_CTX *operation, const char *label) {
    if (EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(operation, EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(operation, EVP_sha256()) != 1)
        return ERR_CRYPTO;
    if (label[0] == '\0')
        return ERR_OK;
    char *copy = OPENSSL_strdup(label);
    if (copy == NULL)
        return ERR_SYSTEM;
    if (EVP_PKEY_CTX_set0_rsa_oaep_label(operation, copy, (int)strlen(copy)) == 1)
        return ERR_OK;
    OPENSSL_free(copy);
    return ERR_CRYPTO;
}

/* The modulus of a certificate's key, padded to the length of a wrapped key. */
static enum err modulus_of(struct bytes certificate, uint8_t modulus[static HSM_WRAPPED_BYTES]) {
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    EVP_PKEY *key = parsed != NULL ? X509_get0_pubkey(parsed) : NULL;
    BIGNUM *integer = NULL;
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(key) != HSM_WRAPPED_BYTES * 8 ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &integer) != 1)
        return ERR_CRYPTO;
    int written = BN_bn2binpad(integer, modulus, HSM_WRAPPED_BYTES);
    BN_free(integer);
    return written == HSM_WRAPPED_BYTES ? ERR_OK : ERR_CRYPTO;
}

enum err unwrap_add(struct unwrap_ring *ring, EVP_PKEY *key, struct bytes certificate,
                    uint16_t generation) {
    if (ring->count == KEYS_MAX)
        return ERR_FULL;
    struct opener *opener = &ring->openers[ring->count];
    ERR_TRY(modulus_of(certificate, opener->modulus));
    opener->generation = generation;
    (void)crypto_hash_sha256(opener->thumbprint, certificate.data, certificate.len);
    opener->decryption = EVP_PKEY_CTX_new(key, NULL);
    if (opener->decryption == NULL)
        return ERR_SYSTEM;
    enum err err = EVP_PKEY_decrypt_init(opener->decryption) == 1 ? ERR_OK : ERR_CRYPTO;
    if (err == ERR_OK)
        err = set_oaep(opener->decryption, ring->label);
    if (err != ERR_OK) {
        EVP_PKEY_CTX_free(opener->decryption);
        opener->decryption = NULL;
        return err;
    }
    ring->count++;
    return ERR_OK;
}

/*
 * Tells a wrong padding from a failed module. A module that fails leaves an error of its own, or
 * none; OpenSSL leaves its OAEP error, alone, only after the raw operation went well.
 */
static enum err reason_of_failure(void) {
    unsigned long first = ERR_peek_error();
    bool padding_alone = first != 0;
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error())
        padding_alone = padding_alone && ERR_GET_LIB(error) == ERR_LIB_RSA &&
                        ERR_GET_REASON(error) == RSA_R_OAEP_DECODING_ERROR;
    if (padding_alone)
        return ERR_CRYPTO;
    log_event(LOG_ERROR, "token-failed", "operation=decrypt error=0x%lx", first);
    return ERR_HSM;
}

/*
 * A number not below the modulus is no ciphertext at all. Modules answer it with a general error,
 * so that whoever sends one could end a signer: it never reaches the token.
 */
static enum err open_by(struct opener *opener, const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                        struct secret *opened, uint64_t *uses) {
    if (memcmp(wrapped, opener->modulus, HSM_WRAPPED_BYTES) >= 0)
        return ERR_CRYPTO;
    SECRET(plain);
    ERR_TRY(secret_new(&plain, HSM_WRAPPED_BYTES));
    size_t len = plain.len;
    (*uses)++;
    ERR_clear_error();
    if (EVP_PKEY_decrypt(opener->decryption, plain.data, &len, wrapped, HSM_WRAPPED_BYTES) != 1)
        return reason_of_failure();
    if (len != UNWRAP_SECRET_BYTES)
        return ERR_CRYPTO;
    return secret_copy(opened, bytes_of(plain.data, len));
}

enum err unwrap_open(struct unwrap_ring *ring, const uint8_t *thumbprint,
                     const uint8_t wrapped[static HSM_WRAPPED_BYTES], struct secret *opened,
                     uint64_t *uses) {
    enum err err = ERR_NOT_FOUND;
    ring->opened_by = 0;
    for (size_t i = 0; i < ring->count; i++) {
        struct opener *opener = &ring->openers[i];
        if (thumbprint != NULL && memcmp(thumbprint, opener->thumbprint, HSM_THUMBPRINT_BYTES) != 0)
            continue;
        err = open_by(opener, wrapped, opened, uses);
        if (err == ERR_OK)
            ring->opened_by = opener->generation;
        if (err != ERR_CRYPTO)
            return err;
    }
    return err;
}

uint16_t unwrap_opened_by(const struct unwrap_ring *ring) {
    return ring->opened_by;
}

enum err unwrap_seal(struct bytes certificate, const char *label, const struct secret *secret,
                     uint8_t wrapped[static HSM_WRAPPED_BYTES]) {
    size_t len = HSM_WRAPPED_BYTES;
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    EVP_PKEY *key = parsed != NULL ? X509_get0_pubkey(parsed) : NULL;
    OPENSSL_SCOPE(EVP_PKEY_CTX) *encryption = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    if (encryption == NULL || EVP_PKEY_encrypt_init(encryption) != 1 ||
        EVP_PKEY_get_size(key) != HSM_WRAPPED_BYTES)
        return ERR_CRYPTO;
    ERR_TRY(set_oaep(encryption, label));
    if (EVP_PKEY_encrypt(encryption, wrapped, &len, secret->data, secret->len) != 1 ||
        len != HSM_WRAPPED_BYTES)
        return ERR_CRYPTO;
    return ERR_OK;
}
