#include "authd/wire/member_wire.h"

#include "authd/wire/field.h"

void member_wire_put_text(struct buffer *target, const struct text_field *field) {
    buffer_u8(target, (uint8_t)field->presence);
    buffer_text(target, field->text);
}

void member_wire_get_text(struct cursor *cursor, struct text_field *field, size_t size) {
    field->presence = (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    field_text(cursor, field->text, size);
    field_require(cursor, field->presence == FIELD_PRESENT || field->text[0] == '\0');
}

void member_wire_put_blob(struct buffer *target, const struct blob_field *field) {
    buffer_u8(target, (uint8_t)field->presence);
    buffer_bool(target, field->malformed);
    buffer_block(target, field->data);
}

void member_wire_get_blob(struct cursor *cursor, struct blob_field *field) {
    field->presence = (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    field->malformed = cursor_bool(cursor);
    field->data = cursor_block(cursor, EDGE_BODY_MAX);
    field_require(cursor, field->presence == FIELD_PRESENT || !field->malformed);
    field_require(cursor, member_wire_is_filled(field) || field->data.len == 0);
}

bool member_wire_is_filled(const struct blob_field *field) {
    return field->presence == FIELD_PRESENT && !field->malformed;
}

bool member_wire_has_length(const struct blob_field *field, size_t one, size_t other) {
    return !member_wire_is_filled(field) || field->data.len == one || field->data.len == other;
}
