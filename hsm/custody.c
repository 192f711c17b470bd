#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/ability.h"
#include "hsm/custody.h"
#include "hsm/locked_memory.h"

#define SEALING_KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES       crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES         crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PLACE_BYTES       (1 + 2 + TOKEN_RAW_ID_BYTES)

_Static_assert(SEALING_KEY_BYTES == UNWRAP_SECRET_BYTES, "the KEK wraps it");

bool custody_may_wrap(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR ||
           purpose == HSM_PURPOSE_REQUEST;
}

static enum err allow(const struct keyring_row *row) {
    if (!custody_may_wrap(row->purpose))
        return ERR_DENIED;
    return locked_memory_use();
}

/* The associated data: purpose ‖ generation ‖ id. */
static void write_place(const struct keyring_row *row, uint8_t place[static PLACE_BYTES]) {
    struct buffer target = buffer_over(place, PLACE_BYTES);
    buffer_u8(&target, (uint8_t)row->purpose);
    buffer_u16(&target, row->generation);
    buffer_raw(&target, row->id, sizeof row->id);
}

/* ${row}.sealed: nonce ‖ ciphertext ‖ tag. */
static enum err seal(const struct secret *encoded, const struct secret *sealing,
                     struct keyring_row *row) {
    uint8_t place[PLACE_BYTES];
    unsigned long long len = 0;
    if (NONCE_BYTES + encoded->len + TAG_BYTES > sizeof row->sealed)
        return ERR_CRYPTO;
    write_place(row, place);
    randombytes_buf(row->sealed, NONCE_BYTES);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(row->sealed + NONCE_BYTES, &len, encoded->data,
                                                   encoded->len, place, sizeof place, NULL,
                                                   row->sealed, sealing->data) != 0)
        return ERR_CRYPTO;
    row->sealed_len = NONCE_BYTES + (size_t)len;
    return ERR_OK;
}

static enum err unseal(const struct keyring_row *row, const struct secret *sealing,
                       struct secret *encoded) {
    uint8_t place[PLACE_BYTES];
    unsigned long long len = 0;
    if (row->sealed_len <= NONCE_BYTES + TAG_BYTES || row->sealed_len > sizeof row->sealed)
        return ERR_CRYPTO;
    write_place(row, place);
    ERR_TRY(secret_new(encoded, row->sealed_len - NONCE_BYTES - TAG_BYTES));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            encoded->data, &len, NULL, row->sealed + NONCE_BYTES, row->sealed_len - NONCE_BYTES,
            place, sizeof place, row->sealed, sealing->data) != 0 ||
        len != encoded->len)
        return ERR_CRYPTO;
    return ERR_OK;
}

static enum err encode(EVP_PKEY *key, struct secret *encoded) {
    OPENSSL_SCOPE(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    if (len <= 0)
        return ERR_CRYPTO;
    ERR_TRY(secret_new(encoded, (size_t)len));
    unsigned char *at = encoded->data;
    return i2d_PKCS8_PRIV_KEY_INFO(info, &at) == len ? ERR_OK : ERR_CRYPTO;
}

static enum err decode(const struct secret *encoded, EVP_PKEY **key) {
    const unsigned char *at = encoded->data;
    OPENSSL_SCOPE(PKCS8_PRIV_KEY_INFO) *info =
        d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)encoded->len);
    if (info == NULL || at != encoded->data + encoded->len)
        return ERR_CRYPTO;
    *key = EVP_PKCS82PKEY(info);
    return *key != NULL ? ERR_OK : ERR_CRYPTO;
}

enum err custody_make(const struct keyring_row *kek, struct keyring_row *row) {
    SECRET(encoded);
    SECRET(sealing);
    ERR_TRY(allow(row));
    bool is_rsa = ability_kind(row->purpose) == TOKEN_RAW_RSA_DECRYPT;
    OPENSSL_SCOPE(EVP_PKEY) *key =
        is_rsa ? EVP_RSA_gen(HSM_WRAPPED_BYTES * 8) : EVP_EC_gen("P-256");
    if (key == NULL)
        return ERR_CRYPTO;
    ERR_TRY(encode(key, &encoded));
    ERR_TRY(secret_random(&sealing, SEALING_KEY_BYTES));
    ERR_TRY(
        unwrap_seal(keyring_row_certificate(kek), UNWRAP_LABEL_CUSTODY, &sealing, row->wrapped));
    row->has_wrapped = true;
    row->wrapped_by = kek->generation;
    return seal(&encoded, &sealing, row);
}

enum err custody_open(struct unwrap_ring *keks, const struct keyring_row *row, EVP_PKEY **key) {
    SECRET(encoded);
    SECRET(sealing);
    uint64_t uses = 0;
    *key = NULL;
    ERR_TRY(allow(row));
    if (!row->has_wrapped)
        return ERR_CRYPTO;
    enum err err = unwrap_open(keks, NULL, row->wrapped, &sealing, &uses);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CRYPTO : err;
    ERR_TRY(unseal(row, &sealing, &encoded));
    return decode(&encoded, key);
}
