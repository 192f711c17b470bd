#pragma once

#include <stddef.h>

#include "firmware/base/bytes.h"

/* The certificates of a trust domain, as a part of the questions that need them: DER, none empty.
 * The reader is sticky, as those of field.h. */
#define ANCHORS_WIRE_MAX             16
#define ANCHORS_WIRE_CERTIFICATE_MAX 8192

void anchors_wire_put(struct buffer *target, const struct bytes *anchors, size_t count);
/* Gives their number. */
size_t anchors_wire_get(struct cursor *cursor, struct bytes anchors[static ANCHORS_WIRE_MAX]);
