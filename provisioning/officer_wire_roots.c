#include "authd/wire/field.h"
#include "provisioning/officer_wire_roots.h"

void officer_wire_put_root(struct buffer *target, const struct officer_root *question) {
    buffer_u8(target, (uint8_t)question->order);
    buffer_u16(target, question->generation);
    buffer_bool(target, question->dry_run);
}

enum err officer_wire_get_root(struct bytes payload, struct officer_root *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_root){0};
    question->order =
        (enum officer_root_order)field_enum(&cursor, OFFICER_ROOT_ROLL, OFFICER_ROOT_REMOVE);
    question->generation = cursor_u16(&cursor);
    question->dry_run = cursor_bool(&cursor);
    field_require(&cursor, (question->order == OFFICER_ROOT_REMOVE) == (question->generation != 0));
    return cursor_end(&cursor);
}
