#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/certificate.h"
#include "hsm/keyring_wrap.h"
#include "hsm/unwrap.h"
#include "hsm/wrapping.h"

struct wrapping wrapping_of(struct keyring *keyring, struct token *token) {
    return (struct wrapping){.keyring = keyring, .token = token};
}

struct filling {
    struct token *token;
    struct unwrap_ring *ring;
};

static enum err add_kek(void *context, const struct keyring_row *row) {
    const struct filling *filling = context;
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(token_key(filling->token, row->id, &key));
    ERR_TRY(certificate_fits(keyring_row_certificate(row), key));
    return unwrap_add(filling->ring, key, keyring_row_certificate(row), row->generation);
}

static const char *label_of(const struct keyring_row *row) {
    return keyring_row_custody(row) == KEYRING_CUSTODY_WRAPPED ? UNWRAP_LABEL_CUSTODY
                                                               : UNWRAP_LABEL_PEPPER;
}

enum err wrapping_again(struct unwrap_ring *ring, const char *label, struct bytes certificate,
                        uint8_t wrapped[static HSM_WRAPPED_BYTES], uint64_t *uses) {
    SECRET(before);
    SECRET(after);
    bool is_same = false;
    uint8_t thumbprint[HSM_THUMBPRINT_BYTES], fresh[HSM_WRAPPED_BYTES];
    (void)crypto_hash_sha256(thumbprint, certificate.data, certificate.len);
    ERR_TRY(unwrap_open(ring, NULL, wrapped, &before, uses));
    ERR_TRY(unwrap_seal(certificate, label, &before, fresh));
    ERR_TRY(unwrap_open(ring, thumbprint, fresh, &after, uses));
    ERR_TRY(secret_equal(secret_view(&before), secret_view(&after), &is_same));
    if (!is_same)
        return ERR_CRYPTO;
    memcpy(wrapped, fresh, sizeof fresh);
    return ERR_OK;
}

/* With the KEKs as the token has them now: another may have become active since the last step. */
static enum err wrap_again(struct wrapping *wrapping, const struct keyring_row *kek,
                           const struct keyring_row *row,
                           uint8_t wrapped[static HSM_WRAPPED_BYTES]) {
    UNWRAP_CLEANUP struct unwrap_ring *ring = NULL;
    uint64_t uses = 0;
    ERR_TRY(unwrap_new(&ring, label_of(row)));
    struct filling filling = {.token = wrapping->token, .ring = ring};
    ERR_TRY(
        keyring_each_in_use(wrapping->keyring, HSM_PURPOSE_KEK, KEYSTATE_OPENS, add_kek, &filling));
    memcpy(wrapped, row->wrapped, sizeof row->wrapped);
    return wrapping_again(ring, label_of(row), keyring_row_certificate(kek), wrapped, &uses);
}

/* The others go on without it, and the KEK that may open it stays. */
static void pass(struct wrapping *wrapping, const struct keyring_row *row) {
    wrapping->is_after = true;
    wrapping->after = *row;
    wrapping->failed++;
    if (!wrapping->told)
        log_event(LOG_ERROR, "key-not-rewrapped",
                  "purpose=%s generation=%u wrapped-by=%u advice=%s",
                  hsm_purpose_text(row->purpose), row->generation, row->wrapped_by,
                  "no-kek-in-use-opens-it-restore-the-keyring-or-revoke-and-destroy-this-key");
}

static void begin_again(struct wrapping *wrapping) {
    wrapping->told = wrapping->failed > 0;
    wrapping->failed = 0;
    wrapping->is_after = false;
}

enum err wrapping_step(struct wrapping *wrapping, enum wrapping_outcome *outcome) {
    struct keyring_row row, kek;
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    *outcome = WRAPPING_OVER;
    enum err err =
        keyring_wrap_next(wrapping->keyring, wrapping->is_after ? &wrapping->after : NULL, &row);
    if (err == ERR_NOT_FOUND) {
        begin_again(wrapping);
        return ERR_OK;
    }
    ERR_TRY(err);
    ERR_TRY(keyring_active(wrapping->keyring, HSM_PURPOSE_KEK, &kek));
    err = wrap_again(wrapping, &kek, &row, wrapped);
    if (err == ERR_CRYPTO) {
        *outcome = WRAPPING_PASSED;
        pass(wrapping, &row);
        return ERR_OK;
    }
    ERR_TRY(err);
    ERR_TRY(keyring_wrap_store(wrapping->keyring, &row, wrapped, kek.generation));
    *outcome = WRAPPING_DONE;
    log_event(LOG_INFO, "key-rewrapped", "purpose=%s generation=%u before=%u by=%u",
              hsm_purpose_text(row.purpose), row.generation, row.wrapped_by, kek.generation);
    return ERR_OK;
}
