#include "authd/unseal/bio_value.h"

#include <string.h>

#include "authd/unseal/gcm.h"

/* The last bytes of ${text} over those of ${target}, by exclusive or. */
static void mix_in(const char *text, uint8_t target[static BIO_VALUE_ADDITIONAL_BYTES]) {
    size_t len = strlen(text);
    size_t count = len < BIO_VALUE_ADDITIONAL_BYTES ? len : BIO_VALUE_ADDITIONAL_BYTES;
    for (size_t i = 1; i <= count; i++)
        target[BIO_VALUE_ADDITIONAL_BYTES - i] ^= (uint8_t)text[len - i];
}

enum err bio_value_derive(const char *timestamp, const char *transaction_id,
                          uint8_t additional[static BIO_VALUE_ADDITIONAL_BYTES]) {
    memset(additional, 0, BIO_VALUE_ADDITIONAL_BYTES);
    if (strlen(timestamp) < BIO_VALUE_ADDITIONAL_BYTES &&
        strlen(transaction_id) < BIO_VALUE_ADDITIONAL_BYTES)
        return ERR_MALFORMED;
    mix_in(timestamp, additional);
    mix_in(transaction_id, additional);
    return ERR_OK;
}

enum err bio_value_open(const struct bio_value *value,
                        const uint8_t key[static BIO_VALUE_KEY_BYTES], struct secret *block,
                        bool *opened) {
    uint8_t additional[BIO_VALUE_ADDITIONAL_BYTES];
    *opened = false;
    if (value->sealed.len <= GCM_TAG_BYTES ||
        bio_value_derive(value->timestamp, value->transaction_id, additional) != ERR_OK)
        return ERR_OK;
    size_t len = value->sealed.len - GCM_TAG_BYTES;
    const struct gcm_sealed parts = {
        .iv = bytes_of(additional + sizeof additional - BIO_VALUE_IV_BYTES, BIO_VALUE_IV_BYTES),
        .additional = bytes_of(additional, sizeof additional),
        .ciphertext = bytes_of(value->sealed.data, len),
        .tag = value->sealed.data + len};
    enum err err = gcm_set_key(key, BIO_VALUE_IV_BYTES);
    if (err == ERR_OK)
        err = gcm_decrypt(&parts, block, opened);
    gcm_forget_key();
    return err;
}
