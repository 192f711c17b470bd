#include <string.h>

#include "authd/core/idempotency.h"

enum { VALUE_UNDER_WAY = 1, VALUE_DECIDED = 2 };

static void row_key(const struct core *core, const struct request *request,
                    uint8_t key[static LEDGER_KEY_BYTES]) {
    const struct bytes parts[] = {bytes_of_text(request->partner.id),
                                  request->edge.idempotency_key};
    ledger_row_key(core->ledger, "idempotency", parts, 2, key);
}

/* The request that a row is of: the call and its body, as the same body may be sent to two calls.
 */
static void put_request(struct buffer *target, const struct request *request) {
    buffer_u8(target, (uint8_t)request->envelope.function);
    buffer_raw(target, request->body_hash, sizeof(request->body_hash));
}

/* Reads a row; *other: it is of another request. */
static enum err read_value(struct bytes value, struct request *request, bool *decided,
                           bool *other) {
    struct cursor cursor = cursor_over(value);
    uint8_t hash[REQUEST_HASH_BYTES];
    struct jose_outcome outcome = {.problem = PROBLEM_NONE};
    *decided = cursor_u8(&cursor) == VALUE_DECIDED;
    uint8_t function = cursor_u8(&cursor);
    cursor_copy(&cursor, hash, sizeof(hash));
    if (*decided) {
        outcome.problem = (enum problem)cursor_u8(&cursor);
        outcome.issued_s = cursor_i64(&cursor);
        outcome.amr = cursor_u8(&cursor);
        outcome.properties = cursor_u8(&cursor);
    }
    if (cursor_end(&cursor) != ERR_OK || outcome.problem >= PROBLEM_COUNT)
        return ERR_CORRUPT;
    *other = function != (uint8_t)request->envelope.function ||
             memcmp(hash, request->body_hash, sizeof(hash)) != 0;
    if (*decided && !*other)
        request->jose.outcome = outcome;
    return ERR_OK;
}

enum err idempotency_look(const struct core *core, struct request *request,
                          enum idempotency_state *state) {
    uint8_t key[LEDGER_KEY_BYTES], value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    bool decided = false, other = true;
    *state = IDEMPOTENCY_NEW;
    if (!request->edge.has_idempotency_key)
        return ERR_OK;
    row_key(core, request, key);
    enum err result = ledger_read(core->ledger, key, value, &len, &count, &remaining_ms);
    if (result == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(result);
    ERR_TRY(read_value(bytes_of(value, len), request, &decided, &other));
    *state = other ? IDEMPOTENCY_OTHER_BODY : decided ? IDEMPOTENCY_DECIDED : IDEMPOTENCY_UNDER_WAY;
    return ERR_OK;
}

static struct ledger_op op_of(const struct core *core, const struct request *request,
                              enum ledger_op_kind kind) {
    struct ledger_op op = {.kind = kind, .lifetime_ms = IDEMPOTENCY_SECONDS * 1000LL};
    row_key(core, request, op.key);
    return op;
}

struct ledger_op idempotency_claim(const struct core *core, const struct request *request,
                                   uint8_t value[static LEDGER_VALUE_MAX]) {
    struct ledger_op op = op_of(core, request, LEDGER_CLAIM);
    struct buffer target = buffer_over(value, LEDGER_VALUE_MAX);
    buffer_u8(&target, VALUE_UNDER_WAY);
    put_request(&target, request);
    op.value = bytes_of(value, target.len);
    return op;
}

struct ledger_op idempotency_outcome(const struct core *core, const struct request *request,
                                     uint8_t value[static LEDGER_VALUE_MAX]) {
    const struct jose_outcome *outcome = &request->jose.outcome;
    struct ledger_op op = op_of(core, request, LEDGER_PUT);
    struct buffer target = buffer_over(value, LEDGER_VALUE_MAX);
    buffer_u8(&target, VALUE_DECIDED);
    put_request(&target, request);
    buffer_u8(&target, (uint8_t)outcome->problem);
    buffer_i64(&target, outcome->issued_s);
    buffer_u8(&target, outcome->amr);
    buffer_u8(&target, outcome->properties);
    op.value = bytes_of(value, target.len);
    return op;
}

struct ledger_op idempotency_release(const struct core *core, const struct request *request) {
    return op_of(core, request, LEDGER_CLEAR);
}
