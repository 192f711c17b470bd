#include "firmware/base/secret.h"
#include "hsm/reply.h"

#define ANSWER_BYTES_MAX (STATEMENT_BODY_MAX + 32u * 1024u)
_Static_assert(ANSWER_BYTES_MAX > RESULT_JWT_MAX + 64, "a result has room");

static uint8_t memory[ANSWER_BYTES_MAX];

enum err reply_gate(const struct answers *answers, uint32_t closed_states) {
    if (!answers->keys->provisioned)
        return ERR_NOT_FOUND;
    return (closed_states & BOX_STATE_BIT(answers->state)) != 0 ? ERR_DENIED : ERR_OK;
}

/* An error that is no answer: the process must end. */
static bool is_failure(enum err status) {
    switch (status) {
    case ERR_OK:
    case ERR_CRYPTO:
    case ERR_NOT_FOUND:
    case ERR_LIMIT:
    case ERR_DENIED:
    case ERR_EXISTS:
        return false;
    default:
        return true;
    }
}

void reply_fail(struct answers *answers, enum err failure) {
    answers->failure = failure;
    serve_stop(answers->serve);
}

bool reply_is_over(struct answers *answers, enum err status) {
    if (answers->failure == ERR_OK && is_failure(status))
        reply_fail(answers, status);
    return answers->failure != ERR_OK;
}

struct hsm_receipt reply_receipt(const struct answers *answers, enum err status) {
    return (struct hsm_receipt){
        .status = status,
        .signer_index = answers->signer_index,
        .sequence = answers->sequence,
    };
}

struct buffer reply_begin(void) {
    return buffer_over(memory, sizeof memory);
}

enum err reply_send(struct serve_peer *peer, const struct frame *question, uint16_t type,
                    const struct buffer *target) {
    struct frame answer = {.type = type, .generation = question->generation, .id = question->id};
    ERR_TRY(buffer_end(target, &answer.payload));
    enum err err = serve_send(peer, &answer);
    secret_wipe(target->data, target->len);
    return err;
}
