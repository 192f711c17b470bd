#include <openssl/x509.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_key.h"
#include "hsm/tls_install.h"

/* Byte by byte: the authority certifies the key as the request has it. */
static enum err compare_key(struct token *token, const struct keyring_row *row, struct bytes leaf) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    OPENSSL_SCOPE_OCTETS *held = NULL;
    struct bytes certified;
    ERR_TRY(certificate_key_of(leaf, &certified));
    ERR_TRY(token_key(token, row->id, &key));
    int len = i2d_PUBKEY(key, &held);
    if (len <= 0 || !bytes_equal(bytes_of(held, (size_t)len), certified))
        return ERR_CRYPTO;
    return ERR_OK;
}

enum err tls_install_take(struct keyring *keyring, struct token *token,
                          const struct hsm_tls_install *install) {
    struct keyring_row row;
    ERR_TRY(keyring_find(keyring, HSM_PURPOSE_TLS, install->generation, &row));
    if (!row.committed || row.certificate_len == 0)
        return ERR_NOT_FOUND;
    ERR_TRY(compare_key(token, &row, install->certificates[0]));
    return keyring_chain_put(keyring, install);
}

/* The memory that views of what is shown point into. */
static struct shown_key {
    struct keyring_row row;
    struct keyring_chain chain;
} kept[HSM_TLS_KEYS_MAX];

struct showing {
    struct keyring *keyring;
    struct hsm_tls_shown *shown;
    bool active; /* this turn's: the active key, or else the standby */
};

static enum err show(void *context, const struct keyring_row *row) {
    struct showing *showing = context;
    struct hsm_tls_shown *shown = showing->shown;
    enum keystate state = keyring_row_state(row);
    bool is_standby = state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED;
    if (showing->active ? state != KEYSTATE_ACTIVE : !is_standby)
        return ERR_OK;
    if (shown->count == HSM_TLS_KEYS_MAX)
        return ERR_CORRUPT;
    struct shown_key *key = &kept[shown->count];
    key->row = *row;
    shown->keys[shown->count] = (struct hsm_tls_held){
        .generation = row->generation,
        .state = state,
        .count = 1,
        .leaf = keyring_row_certificate(&key->row),
    };
    struct hsm_tls_held *held = &shown->keys[shown->count++];
    ERR_TRY(certificate_key_of(held->leaf, &held->public_key));
    enum err err = keyring_chain_get(showing->keyring, row->generation, &key->chain);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    held->brought = true;
    held->not_after_ms = key->chain.not_after_ms;
    held->count = key->chain.count;
    held->leaf = key->chain.certificates[0];
    return ERR_OK;
}

enum err tls_install_show(struct keyring *keyring, struct hsm_tls_shown *shown) {
    struct showing showing = {.keyring = keyring, .shown = shown, .active = true};
    shown->count = 0;
    ERR_TRY(keyring_each(keyring, HSM_PURPOSE_TLS, show, &showing));
    showing.active = false;
    ERR_TRY(keyring_each(keyring, HSM_PURPOSE_TLS, show, &showing));
    return shown->count > 0 ? ERR_OK : ERR_NOT_FOUND;
}
