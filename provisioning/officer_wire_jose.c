#include "provisioning/officer_wire_outcome.h"

/* What programmes register for the JOSE profile, on its way between officers and provd. */
#define CLIENT_MAX 512

void officer_wire_put_jose(struct buffer *target, const struct officer_jose *question) {
    buffer_text(target, question->id);
    buffer_block(target, question->tls);
    buffer_block(target, question->signature);
    buffer_block(target, question->encryption);
}

enum err officer_wire_get_jose(struct bytes payload, struct officer_jose *question) {
    *question = (struct officer_jose){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    question->tls = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    question->signature = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    question->encryption = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

void officer_wire_put_jose_named(struct buffer *target, const struct officer_jose_named *question) {
    buffer_text(target, question->id);
}

enum err officer_wire_get_jose_named(struct bytes payload, struct officer_jose_named *question) {
    *question = (struct officer_jose_named){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    return cursor_end(&cursor);
}

/* The client is as the registry stores it; without one the block is empty. */
void officer_wire_put_jose_shown(struct buffer *target, const struct officer_jose_shown *answer) {
    uint8_t client_memory[CLIENT_MAX];
    struct buffer client = buffer_over(client_memory, sizeof client_memory);
    enum err err =
        answer->outcome.status == ERR_OK ? jose_client_encode(&answer->client, &client) : ERR_OK;
    officer_wire_outcome_put(target, &answer->outcome);
    if (target->err == ERR_OK)
        target->err = err;
    buffer_block(target, bytes_of(client.data, client.len));
}

enum err officer_wire_get_jose_shown(struct bytes payload, struct officer_jose_shown *answer) {
    *answer = (struct officer_jose_shown){.outcome.status = ERR_UNAVAILABLE};
    struct officer_jose_shown got = {0};
    struct cursor cursor = cursor_over(payload);
    ERR_TRY(officer_wire_outcome_take(&cursor, &got.outcome));
    struct bytes client = cursor_block(&cursor, CLIENT_MAX);
    ERR_TRY(cursor_end(&cursor));
    bool shown = got.outcome.status == ERR_OK;
    if (shown != (client.len > 0) || (shown && jose_client_decode(client, &got.client) != ERR_OK))
        return ERR_MALFORMED;
    *answer = got;
    return ERR_OK;
}
