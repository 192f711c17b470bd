#include <openssl/x509.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/keyring_chain.h"
#include "hsm/tls_names.h"
#include "hsm/tls_request.h"

struct choice {
    uint16_t wanted, active, standby;
    bool found; /* the wanted one is one of them */
};

/* A key that is over, and one that is only an intent, need none. */
static enum err consider(void *context, const struct keyring_row *row) {
    struct choice *choice = context;
    enum keystate state = keyring_row_state(row);
    if (state == KEYSTATE_ACTIVE)
        choice->active = row->generation;
    else if (state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED)
        choice->standby = row->generation;
    else
        return ERR_OK;
    choice->found |= row->generation == choice->wanted;
    return ERR_OK;
}

static enum err next_to_need_one(struct keyring *keyring, struct choice *choice) {
    static struct keyring_chain chain;
    choice->wanted = choice->active != 0 ? choice->active : choice->standby;
    if (choice->active == 0 || choice->standby == 0)
        return ERR_OK;
    enum err err = keyring_chain_get(keyring, choice->active, &chain);
    if (err == ERR_OK)
        choice->wanted = choice->standby;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err tls_request_choose(struct keyring *keyring, uint16_t *generation,
                            struct keyring_row *row) {
    struct choice choice = {.wanted = *generation};
    ERR_TRY(keyring_each(keyring, HSM_PURPOSE_TLS, consider, &choice));
    if (*generation == 0)
        ERR_TRY(next_to_need_one(keyring, &choice));
    else if (!choice.found)
        return ERR_NOT_FOUND;
    if (choice.wanted == 0)
        return ERR_NOT_FOUND;
    *generation = choice.wanted;
    return keyring_find(keyring, HSM_PURPOSE_TLS, choice.wanted, row);
}

enum err tls_request_make(EVP_PKEY *key, const char *names, struct buffer *der) {
    OPENSSL_SCOPE(X509_REQ) *request = X509_REQ_new();
    OPENSSL_SCOPE_OCTETS *encoded = NULL;
    if (request == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request, key) != 1)
        return ERR_CRYPTO;
    ERR_TRY(tls_names_request(names, request));
    if (X509_REQ_sign(request, key, EVP_sha256()) <= 0 || X509_REQ_verify(request, key) != 1)
        return ERR_HSM;
    int len = i2d_X509_REQ(request, &encoded);
    if (len <= 0)
        return ERR_CRYPTO;
    buffer_raw(der, encoded, (size_t)len);
    return der->err;
}
