#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/unseal_wire.h"

/*
 * The part of struct payload that says which factors were given, from has_otp on, for the messages
 * of both profiles that carry it. The reader is sticky, as those of field.h; what it has read of a
 * message that is refused is the caller's to wipe.
 */
void factors_wire_put(struct buffer *target, const struct payload *answer);
void factors_wire_get(struct cursor *cursor, struct payload *answer);
