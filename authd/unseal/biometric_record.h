#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/* How a record was announced. */
struct biometric_announced {
    enum biometric_modality modality;
    enum biometric_format format; /* BIOMETRIC_FORMAT_UNKNOWN: not told */
    uint8_t position; /* finger: 1 right thumb … 10 left little finger; iris: 1 right, 2 left; 0:
                         not told */
};

/*
 * The one way from a biometric data block to what can be compared: what ${record} is, its fingers
 * or its container, or why there are none. It cannot fail. Records of images end as
 * BIOMETRIC_NO_EXTRACTOR at best. A position that was announced is that of every finger: where a
 * record says another, not just none, it is BIOMETRIC_OTHER_POSITION.
 */
void biometric_record_read(struct bytes record, struct biometric_announced announced,
                           struct biometric_record *read);
