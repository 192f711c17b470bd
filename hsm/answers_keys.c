#include "firmware/base/log.h"
#include "hsm/answers_keys.h"
#include "hsm/key_list.h"
#include "hsm/orders.h"
#include "hsm/reply.h"

static enum err list(struct answers *answers, const struct hsm_keys_question *question,
                     struct hsm_keys *page) {
    const struct key_list source = {answers->keyring, answers->rollover, &answers->usage};
    page->count = 0;
    if (!answers->keys->complete || answers->rollover == NULL)
        return ERR_NOT_FOUND;
    return key_list_page(&source, question, page);
}

enum err answers_keys_list(void *context, struct serve_peer *peer, const struct frame *frame) {
    static struct hsm_keys keys;
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_keys_question question;
    ERR_TRY(hsm_wire_get_keys_question(frame->payload, &question));
    enum err status = list(answers, &question, &keys);
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
