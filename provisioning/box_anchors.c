#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/wire_keys.h"
#include "provisioning/box_anchors.h"
#include "provisioning/key_life.h"

#define RETRY_MS 10000

static const char *const domains[] = {BOX_ANCHORS_PROGRAMMES, BOX_ANCHORS_DEVICES};

enum err box_anchors_with(struct change *change, const char *domain, struct bytes authority,
                          struct certificates_anchors **anchors, bool *is_new) {
    ERR_TRY(certificates_load_anchors(change, domain, anchors));
    struct certificates_anchors *all = *anchors;
    *is_new = false;
    for (size_t i = 0; i < all->count; i++)
        if (bytes_equal(all->der[i], authority))
            return ERR_OK;
    if (all->count == CERTIFICATES_ANCHORS_MAX)
        return change_refuse(change, ERR_FULL, OFFICER_REASON_ANCHORS_FULL, NULL);
    *is_new = true;
    all->der[all->count++] = authority;
    return ERR_OK;
}

void box_anchors_put(struct registry_batch *batch, const char *domain, struct bytes authority) {
    uint8_t thumbprint[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(thumbprint, authority.data, authority.len);
    registry_put_anchor(batch, domain, thumbprint, authority);
}

static bool has_ended(const struct hsm_key_shown *key) {
    return key->purpose == HSM_PURPOSE_CA && key->has_certificate &&
           (key->state == KEYSTATE_RETIRED || key->state == KEYSTATE_REVOKED ||
            key->state == KEYSTATE_DESTROYED);
}

static bool is_among(const struct certificates_anchors *anchors, const uint8_t *thumbprint) {
    uint8_t hash[crypto_hash_sha256_BYTES];
    for (size_t i = 0; i < anchors->count; i++) {
        (void)crypto_hash_sha256(hash, anchors->der[i].data, anchors->der[i].len);
        if (memcmp(hash, thumbprint, sizeof hash) == 0)
            return true;
    }
    return false;
}

static enum err remove_one(struct change *change, const char *domain,
                           const struct hsm_key_shown *authority) {
    char subject[96], hex[2 * 16 + 1];
    (void)sodium_bin2hex(hex, sizeof hex, authority->thumbprint, 16);
    (void)snprintf(subject, sizeof subject, "anchor-ended %s %s", domain, hex);
    ERR_TRY(change_record(change, subject));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_remove_anchor(&batch, domain, authority->thumbprint);
    ERR_TRY(change_commit(change, &batch));
    log_event(LOG_INFO, "anchor-ended", "domain=%s purpose=%s generation=%u state=%s", domain,
              hsm_purpose_text(authority->purpose), authority->generation,
              keystate_text(authority->state));
    return ERR_OK;
}

static enum err remove_from(struct change *change, const char *domain,
                            const struct hsm_keys *keys) {
    CERTIFICATES_CLEANUP struct certificates_anchors *anchors = NULL;
    ERR_TRY(certificates_load_anchors(change, domain, &anchors));
    for (size_t i = 0; i < keys->count; i++)
        if (has_ended(&keys->keys[i]) && is_among(anchors, keys->keys[i].thumbprint))
            ERR_TRY(remove_one(change, domain, &keys->keys[i]));
    return ERR_OK;
}

static enum err remove_ended(struct change *change) {
    static struct hsm_keys page;
    struct hsm_keys_question question = {.from = {.purpose = HSM_PURPOSE_CA}, .destroyed = true};
    do {
        ERR_TRY(key_life_ask(change, KEY_LIFE_OF_UPKEEP, &question, &page));
        for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
            ERR_TRY(remove_from(change, domains[i], &page));
        question.from = page.rest;
    } while (page.more && page.rest.purpose == HSM_PURPOSE_CA);
    return ERR_OK;
}

/* Nothing is anybody's anchor: nothing to look at. */
static bool has_none(const struct provd *provd) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(provd->registry));
    return kv_count(&txn, REGISTRY_TRUST) == 0;
}

int box_anchors_turn(struct provd *provd) {
    struct provd_peers_standing peers = provd_peers_standing(provd->peers);
    struct box_anchors_look *look = &provd->anchors_look;
    int64_t now_ms = clock_boot_ms();
    bool is_news = !look->is_done || look->keyring_sequence != peers.keyring_sequence;
    if (!provd->roots_open || !peers.provisioned || !is_news || now_ms < look->due_ms ||
        has_none(provd))
        return RETRY_MS;
    struct change change = {.provd = provd, .action = "trust", .officer_uid = getuid()};
    enum err err = remove_ended(&change);
    look->is_done = err == ERR_OK;
    look->keyring_sequence = peers.keyring_sequence;
    look->due_ms = err == ERR_OK ? 0 : now_ms + RETRY_MS;
    if (err != ERR_OK)
        log_event(LOG_WARNING, "anchors-not-looked-at", "error=%s", err_text(err));
    return RETRY_MS;
}
