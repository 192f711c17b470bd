#include <string.h>

#include "firmware/base/log.h"
#include "hsm/answers_wrap.h"
#include "hsm/keyring_need.h"
#include "hsm/reply.h"
#include "hsm/wire_wrap.h"
#include "hsm/wrapping.h"

/* The active key comes first; a standby is younger than it. */
static enum err count_generation(void *context, const struct keyring_row *row) {
    struct hsm_generations *generations = context;
    if (keyring_row_state(row) == KEYSTATE_ACTIVE)
        *generations = (struct hsm_generations){row->generation, row->generation};
    else if (row->generation < generations->oldest)
        generations->oldest = row->generation;
    return ERR_OK;
}

static enum err find_standing(const struct answers *answers, struct hsm_standing *standing) {
    ERR_TRY(reply_gate(answers, 0));
    ERR_TRY(keyring_each_in_use(answers->keyring, HSM_PURPOSE_KEK, KEYSTATE_OPENS, count_generation,
                                &standing->kek));
    ERR_TRY(keyring_each_in_use(answers->keyring, HSM_PURPOSE_PEPPER, KEYSTATE_OPENS,
                                count_generation, &standing->pepper));
    return standing->kek.active > 0 && standing->pepper.active > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err answers_wrap_standing(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_standing answer = {0};
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = find_standing(answers, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_standing(&target, &answer);
    return reply_send(peer, frame, HSM_STANDING_IS, &target);
}

enum err answers_wrap_gate(const struct answers *answers) {
    const struct keyset *keys = answers->keys;
    struct keyring_row active;
    ERR_TRY(reply_gate(answers, 0));
    ERR_TRY(keyring_active(answers->keyring, HSM_PURPOSE_KEK, &active));
    bool is_same = bytes_equal(keyring_row_certificate(&active),
                               bytes_of(keys->kek_certificate, keys->kek_certificate_len));
    return is_same ? ERR_OK : ERR_LIMIT;
}

static enum err rewrap_root(struct answers *answers, const struct hsm_rewrap_root *question,
                            struct hsm_root_rewrapped *answer) {
    const struct keyset *keys = answers->keys;
    ERR_TRY(answers_wrap_gate(answers));
    memcpy(answer->wrapped, question->wrapped, sizeof answer->wrapped);
    ERR_TRY(wrapping_again(keys->root, UNWRAP_LABEL_ROOT,
                           bytes_of(keys->kek_certificate, keys->kek_certificate_len),
                           answer->wrapped, &answers->sequence));
    answer->kek_generation = unwrap_opened_by(keys->root);
    return ERR_OK;
}

enum err answers_wrap_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_rewrap_root question;
    struct hsm_root_rewrapped answer = {0};
    ERR_TRY(hsm_wire_get_rewrap_root(frame->payload, &question));
    enum err status = rewrap_root(answers, &question, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "root-rewrapped", "kek=%u result=%s", answer.kek_generation,
              err_text(status));
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_root_rewrapped(&target, &answer);
    return reply_send(peer, frame, HSM_ROOT_REWRAPPED, &target);
}

/* provd tells it again: a full disk is no reason to end. */
static enum err take_need(struct answers *answers, const struct hsm_need *need) {
    ERR_TRY(reply_gate(answers, 0));
    enum err err = keyring_need_tell(answers->keyring, need);
    if (err == ERR_OK && answers->rollover != NULL)
        rollover_wake(answers->rollover);
    log_event(err == ERR_OK ? LOG_INFO : LOG_WARNING, "registry-needs",
              "kek-from=%u pepper-from=%u result=%s", need->kek_from, need->pepper_from,
              err_text(err));
    return err == ERR_SYSTEM ? ERR_LIMIT : err;
}

enum err answers_wrap_need(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_need question;
    ERR_TRY(hsm_wire_get_need(frame->payload, &question));
    enum err status = take_need(answers, &question);
    if (reply_is_over(answers, status))
        return ERR_OK;
    const struct hsm_needed answer = {.receipt = reply_receipt(answers, status)};
    hsm_wire_put_needed(&target, &answer);
    return reply_send(peer, frame, HSM_NEEDED, &target);
}
