#include "provisioning/officer_wire.h"

/* What programmes register for the JOSE profile, on its way between officers and provd. */
#define OUTCOME_MAX 256
#define CLIENT_MAX  512

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
    uint8_t outcome_memory[OUTCOME_MAX], client_memory[CLIENT_MAX];
    struct buffer outcome = buffer_over(outcome_memory, sizeof outcome_memory);
    struct buffer client = buffer_over(client_memory, sizeof client_memory);
    officer_wire_put_outcome(&outcome, &answer->outcome);
    enum err err = outcome.err;
    if (err == ERR_OK && answer->outcome.status == ERR_OK)
        err = jose_client_encode(&answer->client, &client);
    if (target->err == ERR_OK)
        target->err = err;
    buffer_block(target, bytes_of(outcome.data, outcome.len));
    buffer_block(target, bytes_of(client.data, client.len));
}

enum err officer_wire_get_jose_shown(struct bytes payload, struct officer_jose_shown *answer) {
    *answer = (struct officer_jose_shown){.outcome.status = ERR_UNAVAILABLE};
    struct officer_jose_shown got = {0};
    struct cursor cursor = cursor_over(payload);
    struct bytes outcome = cursor_block(&cursor, OUTCOME_MAX);
    struct bytes client = cursor_block(&cursor, CLIENT_MAX);
    ERR_TRY(cursor_end(&cursor));
    ERR_TRY(officer_wire_get_outcome(outcome, &got.outcome));
    bool shown = got.outcome.status == ERR_OK;
    if (shown != (client.len > 0) || (shown && jose_client_decode(client, &got.client) != ERR_OK))
        return ERR_MALFORMED;
    *answer = got;
    return ERR_OK;
}
