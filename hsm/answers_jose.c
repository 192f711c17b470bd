#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "hsm/answers_jose.h"
#include "hsm/reply.h"

#define CLOSED (BOX_STATE_BIT(BOX_FAILED) | BOX_STATE_BIT(BOX_MAINTENANCE))

/* Header and signature of a JWT, with its two dots. */
#define FRAMING_BYTES_MAX 512
_Static_assert(CODEC_BASE64_CHARS(RESULT_CLAIMS_MAX) + FRAMING_BYTES_MAX <= RESULT_JWT_MAX,
               "all claims that can be written can be signed");

static enum err derive(struct answers *answers, const struct hsm_derive *question,
                       struct hsm_derived *answer) {
    SECRET(content_key);
    ERR_TRY(reply_gate(answers, CLOSED));
    ERR_TRY(agree_derive(answers->keys->request, question, &content_key, &answers->sequence));
    answer->generation = agree_generation(answers->keys->request, question->kid);
    memcpy(answer->content_key, content_key.data, sizeof answer->content_key);
    return ERR_OK;
}

enum err answers_jose_derive(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_derive question;
    struct hsm_derived answer = {0};
    ERR_TRY(hsm_wire_get_derive(frame->payload, &question));
    enum err status = derive(answers, &question, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_derived(&target, &answer);
    secret_wipe(&answer, sizeof answer);
    return reply_send(peer, frame, HSM_DERIVED, &target);
}

/* Writes the claims and signs what it has written, nothing else: every result says yes. */
static enum err result(struct answers *answers, const struct result *question, struct buffer *jwt) {
    uint8_t memory[RESULT_CLAIMS_MAX];
    struct buffer claims = buffer_over(memory, sizeof memory);
    struct bytes written;
    ERR_TRY(reply_gate(answers, CLOSED));
    if (answers->keys->token == NULL)
        return ERR_NOT_FOUND;
    ERR_TRY(rate_take(&answers->statements, 1, clock_boot_ns()));
    ERR_TRY(result_write(question, answers->issuer, clock_wall_ms(), &claims));
    ERR_TRY(buffer_end(&claims, &written));
    answers->sequence++;
    return sign_es256_compact(answers->keys->token, result_type(question->kind), written, jwt);
}

enum err answers_jose_result(void *context, struct serve_peer *peer, const struct frame *frame) {
    static struct result question;
    struct answers *answers = context;
    uint8_t memory[RESULT_JWT_MAX];
    struct buffer target = reply_begin();
    struct buffer jwt = buffer_over(memory, sizeof memory);
    ERR_TRY(hsm_wire_get_result(frame->payload, &question));
    enum err status = result(answers, &question, &jwt);
    if (reply_is_over(answers, status))
        return ERR_OK;
    struct hsm_result_signed answer = {
        .receipt = reply_receipt(answers, status),
        .jwt = bytes_of(jwt.data, jwt.len),
    };
    hsm_wire_put_result_signed(&target, &answer);
    return reply_send(peer, frame, HSM_RESULT_SIGNED, &target);
}
