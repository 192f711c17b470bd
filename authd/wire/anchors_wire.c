#include "authd/wire/anchors_wire.h"

#include "authd/wire/field.h"

void anchors_wire_put(struct buffer *target, const struct bytes *anchors, size_t count) {
    buffer_u8(target, (uint8_t)count);
    for (size_t i = 0; i < count; i++)
        buffer_block(target, anchors[i]);
}

size_t anchors_wire_get(struct cursor *cursor, struct bytes anchors[static ANCHORS_WIRE_MAX]) {
    size_t count = field_enum(cursor, 0, ANCHORS_WIRE_MAX);
    for (size_t i = 0; i < count; i++) {
        anchors[i] = cursor_block(cursor, ANCHORS_WIRE_CERTIFICATE_MAX);
        field_require(cursor, anchors[i].len > 0);
    }
    return count;
}
