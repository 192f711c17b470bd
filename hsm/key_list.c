#include <sodium.h>

#include "hsm/key_list.h"
#include "hsm/keyring_custody.h"
#include "hsm/keyring_life.h"
#include "hsm/publish.h"

struct listing {
    const struct key_list *list;
    const struct hsm_keys_question *question;
    struct hsm_keys *page;
    struct keyring_life *life; /* of the purpose that is listed */
};

/* Whether its use, or what was stored with it, is what keeps it from retiring. */
static bool is_in_use(const struct listing *listing, const struct keyring_row *row) {
    const struct key_list *list = listing->list;
    struct keystate_key key = {.generation = row->generation, .released = row->life.released};
    usage_hold_mark(list->usage, row->purpose, rollover_now(list->rollover).run_ms, &key, 1);
    return keyring_row_state(row) == KEYSTATE_RETIRING &&
           (key.held || keyring_life_needs(listing->life, row->generation));
}

static enum err describe(const struct listing *listing, const struct keyring_row *row,
                         struct hsm_key_shown *key) {
    *key = (struct hsm_key_shown){
        .purpose = row->purpose,
        .generation = row->generation,
        .state = keyring_row_state(row),
        .held = row->life.held,
        .granted = row->life.granted,
        .in_use = is_in_use(listing, row),
        .wrapped_by = row->has_wrapped ? row->wrapped_by : 0,
        .has_certificate = row->certificate_len > 0,
    };
    if (key->has_certificate)
        (void)crypto_hash_sha256(key->thumbprint, row->certificate, row->certificate_len);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        key->came[state].is_set = row->life.came[state].is_set;
        key->came[state].wall_ms = row->life.came[state].wall_ms;
    }
    enum err err = publish_kid(row, key->kid);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Whether it stands at the place that was asked for, or behind it. */
static bool is_asked(const struct hsm_keys_question *question, const struct keyring_row *row) {
    const struct hsm_keys_place *from = &question->from;
    if (row->purpose != from->purpose)
        return row->purpose > from->purpose;
    return from->generation == 0 || row->generation <= from->generation;
}

static enum err add_key(void *context, const struct keyring_row *row) {
    const struct listing *listing = context;
    struct hsm_keys *page = listing->page;
    bool is_destroyed = row->committed && keyring_row_state(row) == KEYSTATE_DESTROYED;
    page->next[row->purpose].destroyed += is_destroyed;
    if (!row->committed || (is_destroyed && !listing->question->destroyed) || page->more ||
        !is_asked(listing->question, row))
        return ERR_OK;
    if (page->count < HSM_KEYS_MAX)
        return describe(listing, row, &page->keys[page->count++]);
    page->more = true;
    page->rest = (struct hsm_keys_place){row->purpose, row->generation};
    return ERR_OK;
}

static enum err add_next(const struct key_list *list, enum hsm_purpose purpose,
                         struct hsm_key_next *next) {
    enum keyring_custody custody;
    ERR_TRY(rollover_next(list->rollover, purpose, rollover_now(list->rollover), next));
    ERR_TRY(keyring_custody_get(list->keyring, purpose, &custody));
    next->wraps = custody == KEYRING_CUSTODY_WRAPPED;
    return ERR_OK;
}

enum err key_list_page(const struct key_list *list, const struct hsm_keys_question *question,
                       struct hsm_keys *page) {
    static struct keyring_life life;
    struct listing listing = {list, question, page, &life};
    page->count = 0;
    page->more = false;
    page->rest = (struct hsm_keys_place){0};
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++) {
        enum hsm_purpose purpose = (enum hsm_purpose)at;
        ERR_TRY(add_next(list, purpose, &page->next[at]));
        ERR_TRY(keyring_life_read(list->keyring, purpose,
                                  rollover_policy_of(list->rollover, purpose), &life));
        ERR_TRY(keyring_each(list->keyring, purpose, add_key, &listing));
    }
    return ERR_OK;
}
