#include "hsm/receipt.h"
#include "hsm/wire_wrap.h"

static void put_generations(struct buffer *target, const struct hsm_generations *generations) {
    buffer_u16(target, generations->active);
    buffer_u16(target, generations->oldest);
}

/* The active key is one of those in use. */
static struct hsm_generations get_generations(struct cursor *cursor) {
    struct hsm_generations generations;
    generations.active = cursor_u16(cursor);
    generations.oldest = cursor_u16(cursor);
    bool is_order = generations.oldest > 0 && generations.oldest <= generations.active;
    if (cursor->err == ERR_OK && !is_order)
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? generations : (struct hsm_generations){0};
}

void hsm_wire_put_standing(struct buffer *target, const struct hsm_standing *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    put_generations(target, &answer->kek);
    put_generations(target, &answer->pepper);
}

enum err hsm_wire_get_standing(struct bytes payload, struct hsm_standing *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    *answer = (struct hsm_standing){0};
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (!more)
        return cursor_end(&cursor);
    answer->kek = get_generations(&cursor);
    answer->pepper = get_generations(&cursor);
    return cursor_end(&cursor);
}

void hsm_wire_put_rewrap_root(struct buffer *target, const struct hsm_rewrap_root *question) {
    buffer_raw(target, question->wrapped, sizeof question->wrapped);
}

enum err hsm_wire_get_rewrap_root(struct bytes payload, struct hsm_rewrap_root *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct hsm_rewrap_root){0};
    cursor_copy(&cursor, question->wrapped, sizeof question->wrapped);
    return cursor_end(&cursor);
}

void hsm_wire_put_root_rewrapped(struct buffer *target, const struct hsm_root_rewrapped *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_raw(target, answer->wrapped, sizeof answer->wrapped);
    buffer_u16(target, answer->kek_generation);
}

enum err hsm_wire_get_root_rewrapped(struct bytes payload, struct hsm_root_rewrapped *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    *answer = (struct hsm_root_rewrapped){0};
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (!more)
        return cursor_end(&cursor);
    cursor_copy(&cursor, answer->wrapped, sizeof answer->wrapped);
    answer->kek_generation = cursor_u16(&cursor);
    ERR_TRY(cursor_end(&cursor));
    return answer->kek_generation > 0 ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_need(struct buffer *target, const struct hsm_need *question) {
    buffer_u16(target, question->kek_from);
    buffer_u16(target, question->pepper_from);
}

/* Whoever says nothing has nothing to say it for. */
enum err hsm_wire_get_need(struct bytes payload, struct hsm_need *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct hsm_need){0};
    question->kek_from = cursor_u16(&cursor);
    question->pepper_from = cursor_u16(&cursor);
    ERR_TRY(cursor_end(&cursor));
    return question->kek_from > 0 || question->pepper_from > 0 ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_needed(struct buffer *target, const struct hsm_needed *answer) {
    receipt_put(target, &answer->receipt);
}

enum err hsm_wire_get_needed(struct bytes payload, struct hsm_needed *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    *answer = (struct hsm_needed){0};
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    return cursor_end(&cursor);
}
