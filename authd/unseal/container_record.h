#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/*
 * The containers of ours: iris_code.h and face_vector.h. One that can be read is written again, so
 * that only its canonical form goes on.
 */

/*
 * Reads ${record} into ${read}: format, reason and, of BIOMETRIC_READ, the container. ${position}
 * is the eye it was announced of (1 right, 2 left), or 0: it becomes the eye of a code that says
 * none, and one that says the other is BIOMETRIC_OTHER_POSITION. Else BIOMETRIC_UNRECOGNISED,
 * BIOMETRIC_TRUNCATED, BIOMETRIC_BAD_SIZE (a shape over the limits) or BIOMETRIC_BAD_HEADER
 * (whatever else breaks the container's rules).
 */
void container_record_read(struct bytes record, uint8_t position, struct biometric_record *read);
