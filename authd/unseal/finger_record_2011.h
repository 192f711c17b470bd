#pragma once

#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/* ISO/IEC 19794-2:2011, for finger_record.h: a general header and representations, each with a
 * length, an image and a device of its own. */

/* Whether the representations' lengths lead from the header to the record's end. */
bool finger_record_2011_is_framed(struct bytes record);

/* Reads a framed record into the fingers of ${read}; what is there with another reason than
 * BIOMETRIC_READ is the caller's to wipe. */
MUST_CHECK enum biometric_reason finger_record_2011_read(struct bytes record,
                                                         struct biometric_record *read);
