#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/certificate_key.h"
#include "hsm/certificate_parts.h"
#include "hsm/keyring.h"
#include "hsm/signing.h"
#include "hsm/tls_sign.h"

#define RSA_BITS 2048
#define EC_BITS  256

/* How OpenSSL is told of a scheme. */
static const struct form {
    int key_type;
    int padding;
    const char *hash;
} forms[HSM_TLS_SCHEMES] = {
    [HSM_TLS_ECDSA_SHA256] = {EVP_PKEY_EC, SIGNING_NO_PADDING, "SHA256"},
    [HSM_TLS_RSA_PSS_SHA256] = {EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING, "SHA256"},
    [HSM_TLS_RSA_PSS_SHA384] = {EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING, "SHA384"},
    [HSM_TLS_RSA_PKCS1_SHA256] = {EVP_PKEY_RSA, RSA_PKCS1_PADDING, "SHA256"},
    [HSM_TLS_RSA_PKCS1_SHA384] = {EVP_PKEY_RSA, RSA_PKCS1_PADDING, "SHA384"},
};

struct tls_key {
    uint8_t id[HSM_TLS_KEY_ID_BYTES];
    struct signing schemes[HSM_TLS_SCHEMES]; /* not open: not with this kind of key */
    int64_t not_after_ms;
    size_t certificate_len;
    uint8_t certificate[KEYRING_CERTIFICATE_MAX];
};

struct tls_ring {
    size_t count;
    struct tls_key keys[TLS_RING_KEYS];
    struct keyring_chain brought; /* for the first key; without certificates: none */
};

enum err tls_ring_new(struct tls_ring **ring) {
    *ring = calloc(1, sizeof **ring);
    return *ring != NULL ? ERR_OK : ERR_SYSTEM;
}

static void clear(struct tls_key *key) {
    for (size_t i = 0; i < HSM_TLS_SCHEMES; i++)
        signing_close(&key->schemes[i]);
    memset(key, 0, sizeof *key);
}

void tls_ring_free(struct tls_ring *ring) {
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        clear(&ring->keys[i]);
    free(ring);
}

static enum err name_key(struct bytes public_key, uint8_t id[static HSM_TLS_KEY_ID_BYTES]) {
    size_t len = 0;
    return EVP_Q_digest(NULL, "SHA256", NULL, public_key.data, public_key.len, id, &len) == 1 &&
                   len == HSM_TLS_KEY_ID_BYTES
               ? ERR_OK
               : ERR_CRYPTO;
}

/* Of the box's own certificate: whose key it is, and when it runs out. */
static enum err read_certificate(struct bytes der, struct tls_key *key) {
    OPENSSL_SCOPE(X509) *certificate = certificate_parts_parse(der);
    struct tm not_after;
    struct bytes public_key;
    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &not_after) != 1)
        return ERR_CRYPTO;
    key->not_after_ms = (int64_t)timegm(&not_after) * 1000;
    ERR_TRY(certificate_key_of(der, &public_key));
    return name_key(public_key, key->id);
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
        ERR_TRY(signing_open(&made->schemes[i], key, forms[i].hash, forms[i].padding));
        any = true;
    }
    ERR_TRY(read_certificate(certificate, made));
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

enum err tls_ring_bring(struct tls_ring *ring, const struct keyring_chain *chain) {
    struct bytes public_key;
    uint8_t id[HSM_TLS_KEY_ID_BYTES];
    if (ring->count == 0)
        return ERR_NOT_FOUND;
    ERR_TRY(certificate_key_of(chain->certificates[0], &public_key));
    ERR_TRY(name_key(public_key, id));
    if (memcmp(id, ring->keys[0].id, sizeof id) != 0)
        return ERR_CRYPTO;
    ring->brought = *chain;
    const uint8_t *from = chain->memory;
    for (size_t i = 0; i < chain->count; i++)
        ring->brought.certificates[i].data =
            ring->brought.memory + (chain->certificates[i].data - from);
    return ERR_OK;
}

int64_t tls_ring_not_after(const struct tls_ring *ring) {
    if (ring->count == 0)
        return 0;
    return ring->brought.count > 0 ? ring->brought.not_after_ms : ring->keys[0].not_after_ms;
}

enum err tls_ring_chain(const struct tls_ring *ring, struct hsm_tls_chain *chain) {
    if (ring->count == 0)
        return ERR_NOT_FOUND;
    const struct tls_key *key = &ring->keys[0];
    const struct keyring_chain *brought = &ring->brought;
    memcpy(chain->key_id, key->id, sizeof chain->key_id);
    chain->count = brought->count > 0 ? brought->count : 1;
    chain->certificates[0] = bytes_of(key->certificate, key->certificate_len);
    for (size_t i = 0; i < brought->count; i++)
        chain->certificates[i] = brought->certificates[i];
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
    struct signing *scheme = &key->schemes[question->scheme];
    if (scheme->sign == NULL)
        return ERR_DENIED;
    uint8_t made[HSM_TLS_SIGNATURE_MAX];
    size_t len = sizeof made;
    (*uses)++;
    struct bytes hash = bytes_of(question->hash, hsm_tls_hash_bytes(question->scheme));
    ERR_TRY(signing_make(scheme, hash, made, &len));
    buffer_raw(signature, made, len);
    return signature->err;
}
