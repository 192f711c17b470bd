#include "firmware/base/clock.h"
#include "hsm/answers_tls.h"
#include "hsm/reply.h"
#include "hsm/wire_tls.h"

/* Also while another key that the box cannot do without is awaited: clients are then told so. */
static enum err gate(const struct answers *answers) {
    return answers->keys->tls == NULL ? ERR_NOT_FOUND : ERR_OK;
}

static enum err show_chain(const struct answers *answers, struct hsm_tls_chain *chain) {
    ERR_TRY(gate(answers));
    chain->sequence = answers->keys->sequence;
    return tls_ring_chain(answers->keys->tls, chain);
}

enum err answers_tls_chain(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    struct buffer target = reply_begin();
    struct hsm_tls_chain answer = {0};
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    enum err status = show_chain(answers, &answer);
    if (reply_is_over(answers, status))
        return ERR_OK;
    answer.receipt = reply_receipt(answers, status);
    hsm_wire_put_tls_chain(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_CHAIN_IS, &target);
}

static enum err sign(struct answers *answers, const struct hsm_tls_sign *question,
                     struct buffer *signature) {
    ERR_TRY(gate(answers));
    ERR_TRY(rate_take(&answers->handshakes, 1, clock_boot_ns()));
    return tls_ring_sign(answers->keys->tls, question, signature, &answers->sequence);
}

enum err answers_tls_sign(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    uint8_t memory[HSM_TLS_SIGNATURE_MAX];
    struct buffer target = reply_begin();
    struct buffer signature = buffer_over(memory, sizeof memory);
    struct hsm_tls_sign question;
    ERR_TRY(hsm_wire_get_tls_sign(frame->payload, &question));
    enum err status = sign(answers, &question, &signature);
    if (reply_is_over(answers, status))
        return ERR_OK;
    struct hsm_tls_signed answer = {
        .receipt = reply_receipt(answers, status),
        .signature = bytes_of(signature.data, signature.len),
    };
    hsm_wire_put_tls_signed(&target, &answer);
    return reply_send(peer, frame, HSM_TLS_SIGNED, &target);
}

enum err answers_tls_heard(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct answers *answers = context;
    return quiet_hear(&answers->quiet, peer, frame);
}
