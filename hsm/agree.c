#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "firmware/base/log.h"
#include "hsm/agree.h"
#include "hsm/concat_kdf.h"
#include "hsm/jwk.h"

#define KEYS_MAX         16
#define COORDINATE_BYTES 32
#define POINT_BYTES      (1 + 2 * COORDINATE_BYTES)
#define UNCOMPRESSED     0x04 /* SEC 1 §2.3.3 */

struct agreement {
    EVP_PKEY_CTX *derivation;
    EVP_PKEY *peer; /* the curve; its point is that of the question at hand */
    uint8_t kid[HSM_THUMBPRINT_BYTES];
    uint16_t generation;
};

struct agree_ring {
    size_t count;
    struct agreement agreements[KEYS_MAX];
};

enum err agree_new(struct agree_ring **ring) {
    *ring = calloc(1, sizeof **ring);
    return *ring != NULL ? ERR_OK : ERR_SYSTEM;
}

static void end_agreement(struct agreement *agreement) {
    EVP_PKEY_CTX_free(agreement->derivation);
    EVP_PKEY_free(agreement->peer);
    *agreement = (struct agreement){0};
}

void agree_free(struct agree_ring *ring) {
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        end_agreement(&ring->agreements[i]);
    free(ring);
}

static enum err begin_agreement(struct agreement *agreement, EVP_PKEY *key,
                                struct bytes certificate) {
    ERR_TRY(jwk_ec_thumbprint(certificate, agreement->kid));
    agreement->derivation = EVP_PKEY_CTX_new(key, NULL);
    agreement->peer = EVP_PKEY_new();
    if (agreement->derivation == NULL || agreement->peer == NULL)
        return ERR_SYSTEM;
    if (EVP_PKEY_derive_init(agreement->derivation) != 1 ||
        EVP_PKEY_copy_parameters(agreement->peer, key) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

enum err agree_add(struct agree_ring *ring, EVP_PKEY *key, struct bytes certificate,
                   uint16_t generation) {
    if (ring->count == KEYS_MAX)
        return ERR_FULL;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256)
        return ERR_CRYPTO;
    struct agreement *agreement = &ring->agreements[ring->count];
    enum err err = begin_agreement(agreement, key, certificate);
    if (err != ERR_OK) {
        end_agreement(agreement);
        return err;
    }
    agreement->generation = generation;
    ring->count++;
    return ERR_OK;
}

static struct agreement *find(struct agree_ring *ring, const uint8_t *kid) {
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->agreements[i].kid, kid, HSM_THUMBPRINT_BYTES) == 0)
            return &ring->agreements[i];
    return NULL;
}

uint16_t agree_generation(struct agree_ring *ring, const uint8_t kid[static HSM_THUMBPRINT_BYTES]) {
    const struct agreement *agreement = find(ring, kid);
    return agreement != NULL ? agreement->generation : 0;
}

/*
 * OpenSSL takes the point only when both coordinates are below the field's prime and it is on the
 * curve; this form has no infinity. As the cofactor is 1, that is all there is to check.
 */
static enum err take_point(struct agreement *agreement, const struct hsm_derive *question) {
    uint8_t point[POINT_BYTES] = {UNCOMPRESSED};
    memcpy(point + 1, question->x, COORDINATE_BYTES);
    memcpy(point + 1 + COORDINATE_BYTES, question->y, COORDINATE_BYTES);
    bool taken = EVP_PKEY_set1_encoded_public_key(agreement->peer, point, sizeof point) == 1;
    ERR_clear_error();
    return taken ? ERR_OK : ERR_CRYPTO;
}

/* OpenSSL would check the point once more, which costs as much as the agreement: hence the 0. */
static enum err multiply(struct agreement *agreement, struct secret *shared) {
    size_t len = shared->len;
    ERR_clear_error();
    if (EVP_PKEY_derive_set_peer_ex(agreement->derivation, agreement->peer, 0) == 1 &&
        EVP_PKEY_derive(agreement->derivation, shared->data, &len) == 1 && len == shared->len)
        return ERR_OK;
    log_event(LOG_ERROR, "token-failed", "operation=derive error=0x%lx", ERR_peek_error());
    return ERR_HSM;
}

enum err agree_derive(struct agree_ring *ring, const struct hsm_derive *question,
                      struct secret *content_key, uint64_t *uses) {
    SECRET(shared);
    struct agreement *agreement = find(ring, question->kid);
    if (agreement == NULL)
        return ERR_NOT_FOUND;
    ERR_TRY(take_point(agreement, question));
    ERR_TRY(secret_new(&shared, CONCAT_KDF_SHARED_BYTES));
    (*uses)++;
    ERR_TRY(multiply(agreement, &shared));
    ERR_TRY(secret_new(content_key, HSM_CONTENT_KEY_BYTES));
    /* Nothing the asker sent makes it fail: it is this process that must end. */
    enum err derived =
        concat_kdf_a256gcm(shared.data, question->party_u, question->party_v, content_key->data);
    return derived == ERR_CRYPTO ? ERR_HSM : derived;
}
