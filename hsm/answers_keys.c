#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "hsm/answers_keys.h"
#include "hsm/keyring_custody.h"
#include "hsm/orders.h"
#include "hsm/publish.h"
#include "hsm/reply.h"

struct listing {
    const struct answers *answers;
    struct hsm_keys *keys;
    struct keyring_life *life; /* of the purpose that is listed */
};

/* Whether its use, or what was stored with it, is what keeps it from retiring. */
static bool is_in_use(const struct listing *listing, const struct keyring_row *row) {
    const struct answers *answers = listing->answers;
    struct keystate_key key = {.generation = row->generation, .released = row->life.released};
    usage_hold_mark(&answers->usage, row->purpose, rollover_now(answers->rollover).run_ms, &key, 1);
    return keyring_row_state(row) == KEYSTATE_RETIRING &&
           (key.held || keyring_life_needs(listing->life, row->generation));
}

static enum err add_key(void *context, const struct keyring_row *row) {
    const struct listing *listing = context;
    struct hsm_keys *keys = listing->keys;
    if (!row->committed || keyring_row_state(row) == KEYSTATE_DESTROYED)
        return ERR_OK;
    if (keys->count == HSM_KEYS_MAX)
        return ERR_OK;
    struct hsm_key_shown *key = &keys->keys[keys->count++];
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

static enum err add_next(struct answers *answers, enum hsm_purpose purpose,
                         struct hsm_key_next *next) {
    enum keyring_custody custody;
    ERR_TRY(rollover_next(answers->rollover, purpose, rollover_now(answers->rollover), next));
    ERR_TRY(keyring_custody_get(answers->keyring, purpose, &custody));
    next->wraps = custody == KEYRING_CUSTODY_WRAPPED;
    return ERR_OK;
}

static enum err list(struct answers *answers, struct hsm_keys *keys) {
    static struct keyring_life life;
    struct listing listing = {answers, keys, &life};
    keys->count = 0;
    if (!answers->keys->complete || answers->rollover == NULL)
        return ERR_NOT_FOUND;
    for (int at = 0; at < HSM_PURPOSE_COUNT; at++) {
        enum hsm_purpose purpose = (enum hsm_purpose)at;
        ERR_TRY(keyring_life_read(answers->keyring, purpose,
                                  rollover_policy_of(answers->rollover, purpose), &life));
        ERR_TRY(keyring_each(answers->keyring, purpose, add_key, &listing));
        ERR_TRY(add_next(answers, purpose, &keys->next[at]));
    }
    return ERR_OK;
}

enum err answers_keys_list(void *context, struct serve_peer *peer, const struct frame *frame) {
    static struct hsm_keys keys;
    struct answers *answers = context;
    struct buffer target = reply_begin();
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = list(answers, &keys);
    if (reply_is_over(answers, status))
        return ERR_OK;
    keys.receipt = reply_receipt(answers, status);
    hsm_wire_put_keys(&target, &keys);
    return reply_send(peer, frame, HSM_KEYS_ARE, &target);
}

enum err answers_keys_used(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct wire_usage used;
    (void)peer;
    ERR_TRY(wire_usage_get(frame->payload, &used));
    if (answers->rollover != NULL)
        usage_hold_take(&answers->usage, &used, rollover_now(answers->rollover).run_ms);
    return ERR_OK;
}

enum err answers_keys_order(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_key_order question;
    struct hsm_key_ordered answer = {.state = KEYSTATE_COUNT};
    ERR_TRY(hsm_wire_get_key_order(frame->payload, &question));
    enum err status = answers->keys->complete && answers->rollover != NULL
                          ? orders_take(answers, &question, &answer)
                          : ERR_NOT_FOUND;
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "key-order", "order=%u purpose=%s generation=%u dry=%s result=%s",
              (unsigned)question.order, hsm_purpose_text(question.purpose), question.generation,
              question.dry_run ? "yes" : "no", err_text(status));
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_key_ordered(&target, &answer);
    return reply_send(peer, frame, HSM_KEY_ORDERED, &target);
}
