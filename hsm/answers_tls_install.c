#include <stdio.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/answers_tls_install.h"
#include "hsm/reply.h"
#include "hsm/tls_expiry.h"
#include "hsm/tls_install.h"
#include "hsm/tls_request.h"

static enum err request(struct answers *answers, const struct hsm_tls_request *question,
                        uint16_t *generation, struct buffer *der) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    struct keyring_row row;
    const char *names =
        question->names[0] != '\0' ? question->names : answers->generate.plan.tls_names;
    *generation = question->generation;
    ERR_TRY(reply_gate(answers, 0));
    if (names == NULL)
        return ERR_DENIED;
    ERR_TRY(tls_request_choose(answers->keyring, generation, &row));
    ERR_TRY(token_key(answers->token, row.id, &key));
    answers->sequence++;
    enum err err = tls_request_make(key, names, der);
    return err == ERR_CONFIG ? ERR_DENIED : err;
}

enum err answers_tls_install_request(void *context, struct serve_peer *peer,
                                     const struct frame *frame) {
    struct answers *answers = context;
    uint8_t memory[HSM_TLS_REQUEST_MAX];
    struct buffer target = reply_begin();
    struct buffer der = buffer_over(memory, sizeof memory);
    struct hsm_tls_request question;
    struct hsm_tls_requested answer = {.generation = 0};
    ERR_TRY(hsm_wire_get_tls_request(frame->payload, &question));
    enum err status = request(answers, &question, &answer.generation, &der);
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "tls-request", "generation=%u result=%s", answer.generation,
              err_text(status));
    answer.receipt = reply_receipt(answers, status);
    answer.request = bytes_of(der.data, der.len);
    hsm_wire_put_tls_requested(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_REQUESTED, &target);
}

static enum err take(struct answers *answers, const struct hsm_tls_install *question) {
    ERR_TRY(reply_gate(answers, 0));
    return tls_install_take(answers->keyring, answers->token, question);
}

enum err answers_tls_install_take(void *context, struct serve_peer *peer,
                                  const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_tls_install question;
    ERR_TRY(hsm_wire_get_tls_install(frame->payload, &question));
    enum err status = take(answers, &question);
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "tls-installed", "generation=%u certificates=%zu result=%s",
              question.generation, question.count, err_text(status));
    if (answers->rollover != NULL)
        rollover_wake(answers->rollover);
    const struct hsm_tls_installed answer = {reply_receipt(answers, status)};
    hsm_wire_put_tls_installed(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_INSTALLED, &target);
}

enum err answers_tls_install_remove(void *context, struct serve_peer *peer,
                                    const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_tls_remove question;
    ERR_TRY(hsm_wire_get_tls_remove(frame->payload, &question));
    enum err status = reply_gate(answers, 0);
    if (status == ERR_OK)
        status = keyring_chain_remove(answers->keyring, question.generation);
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "tls-removed", "generation=%u result=%s", question.generation,
              err_text(status));
    if (answers->rollover != NULL)
        rollover_wake(answers->rollover);
    const struct hsm_tls_removed answer = {reply_receipt(answers, status)};
    hsm_wire_put_tls_removed(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_REMOVED, &target);
}

enum err answers_tls_install_show(void *context, struct serve_peer *peer,
                                  const struct frame *frame) {
    static struct hsm_tls_shown answer;
    struct answers *answers = context;
    struct buffer target = reply_begin();
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = reply_gate(answers, 0);
    if (status == ERR_OK)
        status = tls_install_show(answers->keyring, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    const char *names = answers->generate.plan.tls_names;
    (void)snprintf(answer.names, sizeof answer.names, "%s", names != NULL ? names : "");
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_tls_shown(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_SHOWN, &target);
}

void answers_tls_install_warn(struct answers *answers) {
    int64_t not_after_ms = answers->keys->provisioned ? tls_ring_not_after(answers->keys->tls) : 0;
    int64_t now_ms = clock_wall_ms();
    enum tls_expiry expiry =
        not_after_ms != 0 ? tls_expiry_of(not_after_ms, now_ms) : TLS_EXPIRY_FAR;
    enum tls_expiry told = answers->tls_told;
    answers->tls_told = expiry;
    if (expiry <= told)
        return;
    char date[CLOCK_TEXT_SIZE];
    clock_format_millis(not_after_ms, date);
    if (expiry == TLS_EXPIRY_OVER)
        log_event(LOG_WARNING, "tls-certificate-over", "since=%s advice=officer-tls-request", date);
    else
        log_event(LOG_WARNING, "tls-certificate-ends",
                  "days=%lld hours=%lld at=%s advice=officer-tls-request",
                  (long long)tls_expiry_days(not_after_ms, now_ms),
                  (long long)tls_expiry_hours(not_after_ms, now_ms), date);
}
