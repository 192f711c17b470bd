#include <string.h>

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/agree.h"
#include "hsm/certificate_parts.h"
#include "hsm/concat_kdf.h"
#include "hsm/jwk.h"
#include "hsm/trial.h"
#include "hsm/unwrap.h"

#define POINT_BYTES 65 /* 4 ‖ x ‖ y */

static void free_agreements(struct agree_ring **ring) {
    agree_free(*ring);
}

enum err trial_signing(EVP_PKEY *key, struct bytes certificate) {
    static const uint8_t text[] = "idcs: trial of a new key";
    uint8_t signature[HSM_WRAPPED_BYTES];
    size_t len = sizeof signature;
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    OPENSSL_SCOPE(EVP_MD_CTX) *signing = EVP_MD_CTX_new();
    OPENSSL_SCOPE(EVP_MD_CTX) *verifying = EVP_MD_CTX_new();
    if (parsed == NULL || signing == NULL || verifying == NULL)
        return ERR_SYSTEM;
    if (EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(signing, signature, &len, text, sizeof text) != 1)
        return ERR_HSM;
    if (EVP_DigestVerifyInit(verifying, NULL, EVP_sha256(), NULL, X509_get0_pubkey(parsed)) != 1 ||
        EVP_DigestVerify(verifying, signature, len, text, sizeof text) != 1)
        return ERR_CRYPTO;
    return ERR_OK;
}

enum err trial_opening(EVP_PKEY *key, struct bytes certificate, const char *label,
                       const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                       const struct secret *expected) {
    UNWRAP_CLEANUP struct unwrap_ring *ring = NULL;
    SECRET(opened);
    uint64_t uses = 0;
    bool same = false;
    ERR_TRY(unwrap_new(&ring, label));
    ERR_TRY(unwrap_add(ring, key, certificate, 1));
    ERR_TRY(unwrap_open(ring, NULL, wrapped, &opened, &uses));
    ERR_TRY(secret_equal(secret_view(&opened), secret_view(expected), &same));
    return same ? ERR_OK : ERR_CRYPTO;
}

enum err trial_decrypting(EVP_PKEY *key, struct bytes certificate) {
    SECRET(sealed);
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    ERR_TRY(secret_random(&sealed, UNWRAP_SECRET_BYTES));
    ERR_TRY(unwrap_seal(certificate, UNWRAP_LABEL_REQUEST, &sealed, wrapped));
    return trial_opening(key, certificate, UNWRAP_LABEL_REQUEST, wrapped, &sealed);
}

/* The question that somebody with the ephemeral key ${own} would ask. */
static enum err ask(EVP_PKEY *own, struct bytes certificate, struct hsm_derive *question) {
    uint8_t point[POINT_BYTES];
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof point, &len) != 1 ||
        len != sizeof point)
        return ERR_CRYPTO;
    *question =
        (struct hsm_derive){.party_u = bytes_of_text("idcs"), .party_v = bytes_of_text("trial")};
    memcpy(question->x, point + 1, sizeof question->x);
    memcpy(question->y, point + 1 + sizeof question->x, sizeof question->y);
    return jwk_ec_thumbprint(certificate, question->kid);
}

/* What they would derive themselves. */
static enum err derive_outside(EVP_PKEY *own, struct bytes certificate,
                               const struct hsm_derive *question, struct secret *content_key) {
    SECRET(shared);
    OPENSSL_SCOPE(X509) *parsed = certificate_parts_parse(certificate);
    OPENSSL_SCOPE(EVP_PKEY_CTX) *derivation = EVP_PKEY_CTX_new(own, NULL);
    size_t len = CONCAT_KDF_SHARED_BYTES;
    ERR_TRY(secret_new(&shared, len));
    if (parsed == NULL || derivation == NULL || EVP_PKEY_derive_init(derivation) != 1 ||
        EVP_PKEY_derive_set_peer(derivation, X509_get0_pubkey(parsed)) != 1 ||
        EVP_PKEY_derive(derivation, shared.data, &len) != 1 || len != shared.len)
        return ERR_CRYPTO;
    ERR_TRY(secret_new(content_key, HSM_CONTENT_KEY_BYTES));
    return concat_kdf_a256gcm(shared.data, question->party_u, question->party_v, content_key->data);
}

enum err trial_deriving(EVP_PKEY *key, struct bytes certificate) {
    OPENSSL_SCOPE(EVP_PKEY) *own = EVP_EC_gen("P-256");
    __attribute__((cleanup(free_agreements))) struct agree_ring *ring = NULL;
    struct hsm_derive question;
    uint64_t uses = 0;
    bool same = false;
    SECRET(inside);
    SECRET(outside);
    if (own == NULL)
        return ERR_SYSTEM;
    ERR_TRY(ask(own, certificate, &question));
    ERR_TRY(agree_new(&ring));
    ERR_TRY(agree_add(ring, key, certificate, 1));
    ERR_TRY(agree_derive(ring, &question, &inside, &uses));
    ERR_TRY(derive_outside(own, certificate, &question, &outside));
    ERR_TRY(secret_equal(secret_view(&inside), secret_view(&outside), &same));
    return same ? ERR_OK : ERR_CRYPTO;
}
