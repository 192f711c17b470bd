#include "provisioning/officer_wire_outcome.h"

#define OUTCOME_MAX 256

void officer_wire_outcome_put(struct buffer *target, const struct officer_outcome *outcome) {
    uint8_t memory[OUTCOME_MAX];
    struct buffer block = buffer_over(memory, sizeof memory);
    officer_wire_put_outcome(&block, outcome);
    if (target->err == ERR_OK)
        target->err = block.err;
    buffer_block(target, bytes_of(memory, block.len));
}

enum err officer_wire_outcome_take(struct cursor *cursor, struct officer_outcome *outcome) {
    struct bytes block = cursor_block(cursor, OUTCOME_MAX);
    *outcome = (struct officer_outcome){.status = ERR_UNAVAILABLE};
    ERR_TRY(cursor->err);
    return officer_wire_get_outcome(block, outcome);
}
