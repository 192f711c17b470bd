#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/bytes.h"
#include "authd/wire/unseal_wire.h"

/* JSON members as unseal found them, as parts of its answers. The readers are sticky, as those of
 * field.h. */

/* A member that is a text, and the size of the array it was read for. */
void member_wire_put_text(struct buffer *target, const struct text_field *field);
void member_wire_get_text(struct cursor *cursor, struct text_field *field, size_t size);

/* A member that is encoded bytes. */
void member_wire_put_blob(struct buffer *target, const struct blob_field *field);
void member_wire_get_blob(struct cursor *cursor, struct blob_field *field);

/* It is there and well encoded; if so, its bytes have one of two lengths. */
bool member_wire_is_filled(const struct blob_field *field);
bool member_wire_has_length(const struct blob_field *field, size_t one, size_t other);
