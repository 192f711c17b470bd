#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/answers_certify.h"
#include "hsm/certificate.h"
#include "hsm/certify.h"
#include "hsm/keyring_life.h"
#include "hsm/reply.h"

#define MINUTE_TICKS 60

/* For the log, as officers name them (officer(1)). */
static const char *const kind_texts[HSM_CERTIFY_KINDS] = {
    [HSM_CERTIFY_PARTNER] = "mosip",       [HSM_CERTIFY_TLS] = "tls",
    [HSM_CERTIFY_SIGNATURE] = "signature", [HSM_CERTIFY_ENCRYPTION] = "encryption",
    [HSM_CERTIFY_DEVICE] = "device",
};

struct rate answers_certify_rate(int64_t a_minute) {
    return rate_of(a_minute, clock_boot_ns() / MINUTE_TICKS);
}

/*
 * The key stays in sight as long as the longest certificate that was ever issued lives: durable
 * before this one is. On a full disk none is issued.
 */
static enum err promise(struct keyring *keyring, int64_t days) {
    struct keyring_promises promises = {.lived_ms[HSM_PURPOSE_CA] = days * CLOCK_DAY_MS};
    ERR_TRY(keyring_life_max_age(keyring, &promises.max_age_seconds));
    enum err err = keyring_life_promise(keyring, &promises);
    if (err != ERR_SYSTEM)
        return err;
    log_event(LOG_ERROR, "certificate-not-issued", "advice=make-room-on-the-keyring-s-disk");
    return ERR_LIMIT;
}

/* The active key of this moment, not of when the keys were loaded: it may just have been revoked.
 */
static enum err issue(struct answers *answers, const struct hsm_certify *question,
                      struct keyring_row *authority, struct buffer *certificate) {
    OPENSSL_SCOPE(EVP_PKEY) *key = NULL;
    int64_t now_ms = clock_wall_ms();
    ERR_TRY(reply_gate(answers, BOX_STATE_BIT(BOX_FAILED)));
    ERR_TRY(keyring_active(answers->keyring, HSM_PURPOSE_CA, authority));
    ERR_TRY(rate_take(&answers->certificates, 1, clock_boot_ns() / MINUTE_TICKS));
    struct bytes authority_der = keyring_row_certificate(authority);
    ERR_TRY(certify_check(authority_der, question, now_ms)); /* what is refused promises nothing */
    ERR_TRY(promise(answers->keyring, question->days));
    if (token_key(answers->token, authority->id, &key) != ERR_OK ||
        certificate_fits(authority_der, key) != ERR_OK)
        return ERR_HSM;
    answers->sequence++;
    return certify_issue(&(struct certify_authority){key, authority_der}, question, now_ms,
                         certificate);
}

enum err answers_certify(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    uint8_t memory[HSM_CERTIFIED_DER_MAX];
    struct buffer target = reply_begin();
    struct buffer certificate = buffer_over(memory, sizeof memory);
    struct hsm_certify question;
    struct keyring_row authority;
    ERR_TRY(hsm_wire_get_certify(frame->payload, &question));
    enum err status = issue(answers, &question, &authority, &certificate);
    if (reply_is_over(answers, status))
        return ERR_OK;
    log_event(LOG_INFO, "certificate-issue", "kind=%s days=%u result=%s", kind_texts[question.kind],
              question.days, err_text(status));
    struct hsm_certified answer = {.receipt = reply_receipt(answers, status)};
    if (status == ERR_OK) {
        answer.certificate = bytes_of(certificate.data, certificate.len);
        answer.authority = keyring_row_certificate(&authority);
    }
    hsm_wire_put_certified(&target, &answer);
    return reply_send(peer, frame, HSM_CERTIFIED, &target);
}
