#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/ability.h"
#include "hsm/certificate.h"
#include "hsm/custody.h"
#include "hsm/keyring_custody.h"
#include "hsm/keyset.h"

static enum err report(enum err err, const struct keyring_row *row) {
    if (err != ERR_OK)
        log_event(LOG_ERROR, "key-not-usable", "purpose=%s generation=%u reason=%s",
                  hsm_purpose_text(row->purpose), row->generation, err_text(err));
    return err;
}

/* The token's key of a row, once its public half has been compared with the certificate. */
static enum err find_key(struct token *token, const struct keyring_row *row, EVP_PKEY **key) {
    ERR_TRY(report(token_key(token, row->id, key), row));
    return report(certificate_fits(keyring_row_certificate(row), *key), row);
}

struct filling {
    struct token *token;
    struct unwrap_ring *keks; /* for keys outside the token; NULL: there are none of this purpose */
    struct unwrap_ring *ring;
    struct agree_ring *agreements;
    struct tls_ring *tls;
    uint16_t tls_first; /* generation of the first key in it */
    struct lookup_peppers *peppers;
};

/* The same of a key in either custody: a ring has both while they roll from one to the other. */
static enum err open_key(struct filling *filling, const struct keyring_row *row, EVP_PKEY **key) {
    if (keyring_row_custody(row) == KEYRING_CUSTODY_TOKEN)
        return find_key(filling->token, row, key);
    if (filling->keks == NULL)
        return report(ERR_DENIED, row);
    ERR_TRY(report(custody_open(filling->keks, row, key), row));
    return report(certificate_fits(keyring_row_certificate(row), *key), row);
}

static enum err add_to_ring(void *context, const struct keyring_row *row) {
    struct filling *filling = context;
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(open_key(filling, row, &key));
    return report(unwrap_add(filling->ring, key, keyring_row_certificate(row), row->generation),
                  row);
}

static enum err load_ring(struct unwrap_ring **ring, struct keyring *keyring, struct token *token,
                          enum hsm_purpose purpose, const char *label) {
    ERR_TRY(unwrap_new(ring, label));
    struct filling filling = {.token = token, .ring = *ring};
    return keyring_each_in_use(keyring, purpose, KEYSTATE_OPENS, add_to_ring, &filling);
}

/* As above, of a purpose whose keys may be outside the token. */
static enum err load_requests(struct unwrap_ring **ring, struct keyring *keyring,
                              struct token *token, enum hsm_purpose purpose) {
    UNWRAP_CLEANUP struct unwrap_ring *keks = NULL;
    ERR_TRY(load_ring(&keks, keyring, token, HSM_PURPOSE_KEK, UNWRAP_LABEL_CUSTODY));
    ERR_TRY(unwrap_new(ring, UNWRAP_LABEL_REQUEST));
    struct filling filling = {.token = token, .keks = keks, .ring = *ring};
    return keyring_each_in_use(keyring, purpose, KEYSTATE_OPENS, add_to_ring, &filling);
}

static enum err load_sign(struct keyset *keyset, struct keyring *keyring, struct token *token) {
    struct keyring_row row;
    char kid[JWK_KID_SIZE];
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_SIGN, &row));
    ERR_TRY(find_key(token, &row, &key));
    ERR_TRY(publish_kid(&row, kid));
    return report(sign_rs256_new(&keyset->sign, key, keyring_row_certificate(&row), kid), &row);
}

static enum err load_es256(struct sign_es256 **signing, const struct keyring_row *row,
                           struct token *token) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(find_key(token, row, &key));
    return report(sign_es256_new(signing, key, keyring_row_certificate(row)), row);
}

/* Of a purpose that the box can be without: one that it was never asked for, or just revoked. */
static enum err load_if_there(struct sign_es256 **signing, enum hsm_purpose purpose,
                              struct keyring *keyring, struct token *token) {
    struct keyring_row row;
    enum err err = keyring_active(keyring, purpose, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    return load_es256(signing, &row, token);
}

static enum err add_agreement(void *context, const struct keyring_row *row) {
    struct filling *filling = context;
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(open_key(filling, row, &key));
    return report(
        agree_add(filling->agreements, key, keyring_row_certificate(row), row->generation), row);
}

static enum err load_request(struct keyset *keyset, struct keyring *keyring, struct token *token) {
    UNWRAP_CLEANUP struct unwrap_ring *keks = NULL;
    ERR_TRY(load_ring(&keks, keyring, token, HSM_PURPOSE_KEK, UNWRAP_LABEL_CUSTODY));
    ERR_TRY(agree_new(&keyset->request));
    struct filling filling = {.token = token, .keks = keks, .agreements = keyset->request};
    return keyring_each_in_use(keyring, HSM_PURPOSE_REQUEST, KEYSTATE_OPENS, add_agreement,
                               &filling);
}

static enum err add_tls(void *context, const struct keyring_row *row) {
    struct filling *filling = context;
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    ERR_TRY(find_key(filling->token, row, &key));
    enum err err = tls_ring_add(filling->tls, key, keyring_row_certificate(row));
    if (filling->tls_first == 0)
        filling->tls_first = row->generation;
    return err == ERR_FULL ? ERR_OK : report(err, row);
}

/*
 * What officers brought for the key that new handshakes show. A chain that is of another key can't
 * have come in here; if one is there, the box's own certificate is better than none.
 */
static enum err bring_chain(struct tls_ring *ring, struct keyring *keyring, uint16_t generation) {
    static struct keyring_chain chain;
    enum err err = keyring_chain_get(keyring, generation, &chain);
    if (err == ERR_OK)
        err = tls_ring_bring(ring, &chain);
    if (err == ERR_CRYPTO)
        log_event(LOG_ERROR, "tls-chain-of-another-key", "generation=%u", generation);
    return err == ERR_NOT_FOUND || err == ERR_CRYPTO ? ERR_OK : err;
}

/*
 * The active one first. Those that retire are for handshakes that began with them: the oldest may
 * be left out.
 */
static enum err load_tls(struct keyset *keyset, struct keyring *keyring, struct token *token) {
    ERR_TRY(tls_ring_new(&keyset->tls));
    struct filling filling = {.token = token, .tls = keyset->tls};
    ERR_TRY(keyring_each_in_use(keyring, HSM_PURPOSE_TLS, KEYSTATE_OPENS, add_tls, &filling));
    return bring_chain(keyset->tls, keyring, filling.tls_first);
}

static enum err add_pepper(void *context, const struct keyring_row *row) {
    struct filling *filling = context;
    SECRET(pepper);
    uint64_t uses = 0;
    if (!row->has_wrapped)
        return report(ERR_CORRUPT, row);
    ERR_TRY(report(unwrap_open(filling->ring, NULL, row->wrapped, &pepper, &uses), row));
    return report(lookup_add(filling->peppers, row->generation, &pepper), row);
}

/*
 * The standby's too: when it becomes active no signer is behind, whenever each of them notices.
 */
static enum err load_peppers(struct keyset *keyset, struct keyring *keyring, struct token *token) {
    UNWRAP_CLEANUP struct unwrap_ring *ring = NULL;
    ERR_TRY(load_ring(&ring, keyring, token, HSM_PURPOSE_KEK, UNWRAP_LABEL_PEPPER));
    struct filling filling = {.ring = ring, .peppers = &keyset->peppers};
    ERR_TRY(keyring_each_in_use(keyring, HSM_PURPOSE_PEPPER, KEYSTATE_OPENS, add_pepper, &filling));
    return keyset->peppers.count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err load_kek_certificate(struct keyset *keyset, struct keyring *keyring) {
    struct keyring_row row;
    ERR_TRY(keyring_active(keyring, HSM_PURPOSE_KEK, &row));
    memcpy(keyset->kek_certificate, row.certificate, row.certificate_len);
    keyset->kek_certificate_len = row.certificate_len;
    return ERR_OK;
}

static enum err count_key(void *context, const struct keyring_row *row) {
    size_t *named = context;
    bool in_token = row->certificate_len > 0 && keyring_row_custody(row) == KEYRING_CUSTODY_TOKEN;
    *named += in_token && keyring_row_state(row) != KEYSTATE_DESTROYED;
    return ERR_OK;
}

/* What is revoked must not be shown on, whatever else the box cannot do without its successor. */
static enum err publish_what_is_left(struct keyset *keyset, struct keyring *keyring) {
    enum err err = publish_make(&keyset->publish, keyring);
    if (err == ERR_NOT_FOUND)
        keyset->publish.parts = (struct hsm_publication){0};
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* And who connects is to learn that nobody is served. */
static enum err load_what_is_left(struct keyset *keyset, struct keyring *keyring,
                                  struct token *token) {
    if (keyset->complete)
        ERR_TRY(load_tls(keyset, keyring, token));
    return publish_what_is_left(keyset, keyring);
}

enum err keyset_load(struct keyset *keyset, struct keyring *keyring, struct token *token) {
    struct keyring_status status;
    memset(keyset, 0, sizeof *keyset);
    uint32_t outside;
    ERR_TRY(keyring_custody_wrapped(keyring, &outside));
    ERR_TRY(ability_probe(token_session(token), outside, &keyset->able));
    ERR_TRY(keyring_status(keyring, &status));
    keyset->sequence = status.sequence;
    ERR_TRY(ability_complete(keyring, keyset->able, &keyset->complete));
    if (!status.provisioned)
        return load_what_is_left(keyset, keyring, token);
    ERR_TRY(load_sign(keyset, keyring, token));
    ERR_TRY(load_if_there(&keyset->audit, HSM_PURPOSE_AUDIT, keyring, token));
    ERR_TRY(load_requests(&keyset->partner, keyring, token, HSM_PURPOSE_PARTNER));
    ERR_TRY(load_requests(&keyset->ida_fir, keyring, token, HSM_PURPOSE_IDA_FIR));
    ERR_TRY(load_ring(&keyset->root, keyring, token, HSM_PURPOSE_KEK, UNWRAP_LABEL_ROOT));
    ERR_TRY(load_peppers(keyset, keyring, token));
    ERR_TRY(load_kek_certificate(keyset, keyring));
    ERR_TRY(load_if_there(&keyset->token, HSM_PURPOSE_TOKEN, keyring, token));
    ERR_TRY(load_request(keyset, keyring, token));
    ERR_TRY(load_tls(keyset, keyring, token));
    ERR_TRY(publish_make(&keyset->publish, keyring));
    keyset->provisioned = true;
    return ERR_OK;
}

void keyset_unload(struct keyset *keyset) {
    sign_rs256_free(keyset->sign);
    sign_es256_free(keyset->audit);
    unwrap_free(keyset->partner);
    unwrap_free(keyset->ida_fir);
    unwrap_free(keyset->root);
    sign_es256_free(keyset->token);
    agree_free(keyset->request);
    tls_ring_free(keyset->tls);
    lookup_forget(&keyset->peppers);
    memset(keyset, 0, sizeof *keyset);
}

enum err keyset_renew(struct keyset **keyset, struct keyring *keyring, struct token *token) {
    struct keyset *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return ERR_SYSTEM;
    enum err err = keyset_load(fresh, keyring, token);
    struct keyset *over = err == ERR_OK ? *keyset : fresh;
    if (err == ERR_OK)
        *keyset = fresh;
    if (over != NULL)
        keyset_unload(over);
    free(over);
    return err;
}

enum err keyset_report_strangers(struct keyring *keyring, struct token *token) {
    size_t held, named = 0;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        ERR_TRY(keyring_each(keyring, (enum hsm_purpose)purpose, count_key, &named));
    ERR_TRY(token_raw_count(token_session(token), &held));
    if (held > named)
        log_event(LOG_WARNING, "token-has-unknown-keys", "count=%zu", held - named);
    return ERR_OK;
}
