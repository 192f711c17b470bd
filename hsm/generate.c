#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/ability.h"
#include "hsm/certificate.h"
#include "hsm/custody.h"
#include "hsm/generate.h"
#include "hsm/keyring_custody.h"
#include "hsm/keyring_life.h"
#include "hsm/trial.h"
#include "hsm/unwrap.h"

/* SoftHSM fails now and then to make a pair (CKR_GENERAL_ERROR) while others read the token. */
#define GENERATION_TRIES 3
/* Who lists keys is done much sooner, if it is not being starved; then better made than waited. */
#define TURN_PATIENCE_MS 5000

static enum err (*const trials[])(EVP_PKEY *key, struct bytes certificate) = {
    [TOKEN_RAW_RSA_SIGN] = trial_signing,
    [TOKEN_RAW_RSA_DECRYPT] = trial_decrypting,
    [TOKEN_RAW_P256_SIGN] = trial_signing,
    [TOKEN_RAW_P256_DERIVE] = trial_deriving,
};

static enum token_raw_kind kind_of(const struct generate_plan *plan, enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_TLS && plan->tls_rsa ? TOKEN_RAW_RSA_SIGN : ability_kind(purpose);
}

static enum err make_alone(struct token *token, enum token_raw_kind kind,
                           const struct keyring_row *row, const char *label) {
    struct token_turn *turns = token_turns(token);
    if (token_turn_begin(turns, TOKEN_TURN_MAKE, TURN_PATIENCE_MS) != ERR_OK)
        log_event(LOG_WARNING, "token-listed-meanwhile", "purpose=%s generation=%u",
                  hsm_purpose_text(row->purpose), row->generation);
    enum err err = token_raw_generate(token_session(token), kind, row->id, label);
    token_turn_end(turns);
    return err;
}

/*
 * Makes the pair in the token, in place of whatever an earlier attempt has left under its id. What
 * it made and cannot find, it cannot remove either: another of that id beside it would be
 * neither's.
 */
static enum err make_pair(struct token *token, enum token_raw_kind kind,
                          const struct keyring_row *row) {
    char label[48];
    enum err err = ERR_HSM;
    struct token_raw *raw = token_session(token);
    (void)snprintf(label, sizeof label, "%s %u", hsm_purpose_text(row->purpose), row->generation);
    for (int i = 0; i < GENERATION_TRIES && err == ERR_HSM; i++) {
        ERR_TRY(token_raw_destroy(raw, row->id));
        err = make_alone(token, kind, row, label);
    }
    ERR_TRY(err);
    return token_raw_check(raw, kind, row->id);
}

static enum err take_older(void *context, const struct keyring_row *row) {
    struct keyring_row *oldest = context;
    if (row->generation < oldest->generation)
        *oldest = *row;
    return ERR_OK;
}

/*
 * The root that signs. The certificate of TLS is met by clients that may have the older root alone:
 * the oldest that is still shown signs it.
 */
static enum err find_root(struct keyring *keyring, enum hsm_purpose purpose,
                          struct keyring_row *root) {
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_ROOT, root));
    if (purpose != HSM_PURPOSE_TLS)
        return ERR_OK;
    return keyring_each_in_use(keyring, HSM_PURPOSE_ROOT, KEYSTATE_SHOWN, take_older, root);
}

/* The root's key and certificate; for the root itself its own key and no certificate. */
static enum err find_issuer(struct keyring *keyring, struct token *token,
                            const struct keyring_row *row, struct keyring_row *issuer,
                            EVP_PKEY **key) {
    if (row->purpose == HSM_PURPOSE_ROOT) {
        issuer->certificate_len = 0;
        return token_key(token, row->id, key);
    }
    ERR_TRY(find_root(keyring, row->purpose, issuer));
    return token_key(token, issuer->id, key);
}

static enum err certify(struct keyring *keyring, struct token *token, const char *names,
                        EVP_PKEY *key, struct keyring_row *row) {
    struct keyring_row issuer;
    OPENSSL_SCOPE(EVP_PKEY) *issuer_key = NULL;
    struct buffer der = buffer_over(row->certificate, sizeof row->certificate);
    ERR_TRY(find_issuer(keyring, token, row, &issuer, &issuer_key));
    struct certificate_plan plan = {
        .purpose = row->purpose,
        .generation = row->generation,
        .generated_ms = row->intended_ms,
        .subject = key,
        .issuer_key = issuer_key,
        .issuer = keyring_row_certificate(&issuer),
        .names = row->purpose == HSM_PURPOSE_TLS ? names : NULL,
    };
    ERR_TRY(certificate_issue(&plan, &der));
    row->certificate_len = der.len;
    return ERR_OK;
}

static enum err make_in_token(struct token *token, enum token_raw_kind kind,
                              const struct keyring_row *row, EVP_PKEY **key) {
    ERR_TRY(make_pair(token, kind, row));
    enum err err = token_key(token, row->id, key);
    return err == ERR_NOT_FOUND ? ERR_HSM : err;
}

/*
 * Outside the token, under the KEK. What goes on is not the key as it was made but as the row gives
 * it, so that this is what is tried. An attempt of before officers chose so may have left a pair.
 */
static enum err make_outside(struct keyring *keyring, struct token *token, struct keyring_row *row,
                             EVP_PKEY **key) {
    struct keyring_row kek;
    OPENSSL_SCOPE(EVP_PKEY) *kek_key = NULL;
    UNWRAP_CLEANUP struct unwrap_ring *keks = NULL;
    ERR_TRY(token_raw_destroy(token_session(token), row->id));
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_KEK, &kek));
    ERR_TRY(custody_make(&kek, row));
    ERR_TRY(token_key(token, kek.id, &kek_key));
    ERR_TRY(unwrap_new(&keks, UNWRAP_LABEL_CUSTODY));
    ERR_TRY(unwrap_add(keks, kek_key, keyring_row_certificate(&kek), kek.generation));
    return custody_open(keks, row, key);
}

static enum err make_key(struct keyring *keyring, struct token *token,
                         const struct generate_plan *plan, struct keyring_row *row) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    enum token_raw_kind kind = kind_of(plan, row->purpose);
    enum keyring_custody custody;
    ERR_TRY(keyring_custody_get(keyring, row->purpose, &custody));
    ERR_TRY(custody == KEYRING_CUSTODY_WRAPPED ? make_outside(keyring, token, row, &key)
                                               : make_in_token(token, kind, row, &key));
    ERR_TRY(certify(keyring, token, plan->tls_names, key, row));
    ERR_TRY(certificate_fits(keyring_row_certificate(row), key));
    return trials[kind](key, keyring_row_certificate(row));
}

static enum err make_pepper(struct keyring *keyring, struct token *token, struct keyring_row *row) {
    struct keyring_row kek;
    SECRET(pepper);
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_KEK, &kek));
    ERR_TRY(token_key(token, kek.id, &key));
    ERR_TRY(secret_random(&pepper, UNWRAP_SECRET_BYTES));
    ERR_TRY(unwrap_seal(keyring_row_certificate(&kek), UNWRAP_LABEL_PEPPER, &pepper, row->wrapped));
    row->has_wrapped = true;
    row->wrapped_by = kek.generation;
    return trial_opening(key, keyring_row_certificate(&kek), UNWRAP_LABEL_PEPPER, row->wrapped,
                         &pepper);
}

enum err generate_make(struct keyring *keyring, struct token *token,
                       const struct generate_plan *plan, int64_t now_ms, struct keyring_row *row) {
    row->intended_ms = now_ms;
    ERR_TRY(row->purpose == HSM_PURPOSE_PEPPER ? make_pepper(keyring, token, row)
                                               : make_key(keyring, token, plan, row));
    log_event(LOG_INFO, "key-made", "purpose=%s generation=%u", hsm_purpose_text(row->purpose),
              row->generation);
    return ERR_OK;
}

/* The first key of a purpose: nobody has an older one in a cache, so that it is active at once. */
static enum err commit_first(struct keyring *keyring, int64_t now_ms, struct keyring_row *row) {
    static const enum keystate states[] = {KEYSTATE_GENERATED, KEYSTATE_PUBLISHED, KEYSTATE_ACTIVE};
    struct keyring_clock clock;
    ERR_TRY(keyring_life_clock(keyring, &clock));
    row->committed = true;
    row->life = (struct keystate_key){.generation = row->generation};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        row->life.came[states[i]] =
            (struct keystate_moment){.is_set = true, .wall_ms = now_ms, .run_ms = clock.run_ms};
    return keyring_commit(keyring, row);
}

enum err generate_prepare(struct keyring *keyring, struct token *token, uint32_t purposes) {
    const uint32_t needed = HSM_PURPOSE_BIT(HSM_PURPOSE_FIRST_OPTIONAL) - 1;
    size_t swept;
    if ((purposes & needed) != needed)
        return ERR_DENIED;
    ERR_TRY(keyring_bind(keyring, token_serial(token)));
    ERR_TRY(token_raw_sweep(token_session(token), &swept));
    if (swept > 0)
        log_event(LOG_WARNING, "token-swept", "nameless=%zu", swept);
    return ERR_OK;
}

/* The first of ${purposes} that has no committed row; HSM_PURPOSE_COUNT when all have. */
static enum err first_missing(struct keyring *keyring, uint32_t purposes, int *purpose) {
    struct keyring_row row;
    for (*purpose = 0; *purpose < HSM_PURPOSE_COUNT; (*purpose)++) {
        if ((purposes & HSM_PURPOSE_BIT(*purpose)) == 0)
            continue;
        enum err err = keyring_newest(keyring, (enum hsm_purpose) * purpose, true, &row);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        ERR_TRY(err);
    }
    return ERR_OK;
}

enum err generate_step(struct keyring *keyring, struct token *token,
                       const struct generate_plan *plan, int64_t now_ms,
                       enum generate_outcome *outcome) {
    struct keyring_row row;
    int missing;
    ERR_TRY(first_missing(keyring, plan->purposes, &missing));
    if (missing == HSM_PURPOSE_COUNT) {
        *outcome = GENERATE_COMPLETE;
        return ERR_OK;
    }
    enum hsm_purpose purpose = (enum hsm_purpose)missing;
    enum err err = keyring_newest(keyring, purpose, false, &row);
    if (err == ERR_NOT_FOUND) {
        *outcome = GENERATE_INTENDED;
        ERR_TRY(generate_prepare(keyring, token, plan->purposes));
        return keyring_intend(keyring, purpose, now_ms, &row);
    }
    ERR_TRY(err);
    *outcome = GENERATE_MADE;
    ERR_TRY(generate_make(keyring, token, plan, now_ms, &row));
    return commit_first(keyring, now_ms, &row);
}
