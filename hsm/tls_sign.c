#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "firmware/base/log.h"
#include "hsm/keyring.h"
#include "hsm/tls_sign.h"

#define RSA_BITS 2048
#define EC_BITS  256

/* How OpenSSL is told of a scheme. */
static const struct form {
    int key_type;
    int padding; /* RSA */
    const char *hash;
} forms[HSM_TLS_SCHEMES] = {
    [HSM_TLS_ECDSA_SHA256] = {EVP_PKEY_EC, 0, "SHA256"},
    [HSM_TLS_RSA_PSS_SHA256] = {EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING, "SHA256"},
    [HSM_TLS_RSA_PSS_SHA384] = {EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING, "SHA384"},
    [HSM_TLS_RSA_PKCS1_SHA256] = {EVP_PKEY_RSA, RSA_PKCS1_PADDING, "SHA256"},
    [HSM_TLS_RSA_PKCS1_SHA384] = {EVP_PKEY_RSA, RSA_PKCS1_PADDING, "SHA384"},
};

struct tls_key {
    uint8_t id[HSM_TLS_KEY_ID_BYTES];
    EVP_PKEY_CTX *schemes[HSM_TLS_SCHEMES]; /* NULL: not with this kind of key */
    size_t certificate_len;
    uint8_t certificate[KEYRING_CERTIFICATE_MAX];
};

struct tls_ring {
    size_t count;
    struct tls_key keys[TLS_RING_KEYS];
};

static void free_certificate(X509 **certificate) {
    X509_free(*certificate);
}

static void free_encoding(unsigned char **der) {
    OPENSSL_free(*der);
}

enum err tls_ring_new(struct tls_ring **ring) {
    *ring = calloc(1, sizeof **ring);
    return *ring != NULL ? ERR_OK : ERR_SYSTEM;
}

static void clear(struct tls_key *key) {
    for (size_t i = 0; i < HSM_TLS_SCHEMES; i++)
        EVP_PKEY_CTX_free(key->schemes[i]);
    memset(key, 0, sizeof *key);
}

void tls_ring_free(struct tls_ring *ring) {
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        clear(&ring->keys[i]);
    free(ring);
}

static enum err identify(struct bytes certificate, uint8_t id[static HSM_TLS_KEY_ID_BYTES]) {
    const unsigned char *at = certificate.data;
    __attribute__((cleanup(free_certificate))) X509 *parsed =
        d2i_X509(NULL, &at, (long)certificate.len);
    __attribute__((cleanup(free_encoding))) unsigned char *der = NULL;
    size_t id_len = 0;
    int len = parsed != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed), &der) : -1;
    if (len <= 0 || EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)len, id, &id_len) != 1 ||
        id_len != HSM_TLS_KEY_ID_BYTES)
        return ERR_CRYPTO;
    return ERR_OK;
}

static enum err prepare_scheme(EVP_PKEY *key, const struct form *form, EVP_PKEY_CTX **scheme) {
    const EVP_MD *hash = EVP_get_digestbyname(form->hash);
    *scheme = EVP_PKEY_CTX_new(key, NULL);
    if (*scheme == NULL || hash == NULL || EVP_PKEY_sign_init(*scheme) != 1 ||
        EVP_PKEY_CTX_set_signature_md(*scheme, hash) != 1)
        return ERR_CRYPTO;
    if (form->padding != 0 && EVP_PKEY_CTX_set_rsa_padding(*scheme, form->padding) != 1)
        return ERR_CRYPTO;
    if (form->padding == RSA_PKCS1_PSS_PADDING &&
        (EVP_PKEY_CTX_set_rsa_pss_saltlen(*scheme, RSA_PSS_SALTLEN_DIGEST) != 1 ||
         EVP_PKEY_CTX_set_rsa_mgf1_md(*scheme, hash) != 1))
        return ERR_CRYPTO;
    return ERR_OK;
}

static enum err fill(struct tls_key *made, EVP_PKEY *key, struct bytes certificate) {
    int type = EVP_PKEY_get_base_id(key);
    if (EVP_PKEY_get_bits(key) != (type == EVP_PKEY_EC ? EC_BITS : RSA_BITS) ||
        certificate.len > sizeof made->certificate)
        return ERR_CRYPTO;
    bool any = false;
    for (size_t i = 1; i < HSM_TLS_SCHEMES; i++) {
        if (forms[i].key_type != type)
            continue;
        ERR_TRY(prepare_scheme(key, &forms[i], &made->schemes[i]));
        any = true;
    }
    ERR_TRY(identify(certificate, made->id));
    memcpy(made->certificate, certificate.data, certificate.len);
    made->certificate_len = certificate.len;
    return any ? ERR_OK : ERR_CRYPTO;
}

enum err tls_ring_add(struct tls_ring *ring, EVP_PKEY *key, struct bytes certificate) {
    if (ring->count == TLS_RING_KEYS)
        return ERR_FULL;
    struct tls_key *made = &ring->keys[ring->count];
    enum err err = fill(made, key, certificate);
    if (err == ERR_OK)
        ring->count++;
    else
        clear(made);
    return err;
}

enum err tls_ring_chain(const struct tls_ring *ring, struct hsm_tls_chain *chain) {
    if (ring->count == 0)
        return ERR_NOT_FOUND;
    const struct tls_key *key = &ring->keys[0];
    memcpy(chain->key_id, key->id, sizeof chain->key_id);
    chain->certificates[0] = bytes_of(key->certificate, key->certificate_len);
    chain->count = 1;
    return ERR_OK;
}

static struct tls_key *find(struct tls_ring *ring, const uint8_t id[static HSM_TLS_KEY_ID_BYTES]) {
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->keys[i].id, id, HSM_TLS_KEY_ID_BYTES) == 0)
            return &ring->keys[i];
    return NULL;
}

enum err tls_ring_sign(struct tls_ring *ring, const struct hsm_tls_sign *question,
                       struct buffer *signature, uint64_t *uses) {
    struct tls_key *key = find(ring, question->key_id);
    if (key == NULL)
        return ERR_NOT_FOUND;
    EVP_PKEY_CTX *scheme = key->schemes[question->scheme];
    if (scheme == NULL)
        return ERR_DENIED;
    uint8_t made[HSM_TLS_SIGNATURE_MAX];
    size_t len = sizeof made;
    (*uses)++;
    ERR_clear_error();
    if (EVP_PKEY_sign(scheme, made, &len, question->hash, hsm_tls_hash_bytes(question->scheme)) !=
        1) {
        log_event(LOG_ERROR, "token-failed", "operation=tls-sign error=0x%lx", ERR_peek_error());
        return ERR_HSM;
    }
    buffer_raw(signature, made, len);
    return signature->err;
}
