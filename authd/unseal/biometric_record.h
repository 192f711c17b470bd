#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/* How a record was announced. */
struct biometric_announced {
    enum biometric_modality modality;
    enum biometric_format format; /* BIOMETRIC_FORMAT_UNKNOWN: not told */
};

/*
 * The one way from a biometric data block to what can be compared: what ${record} is, its fingers,
 * or why it has none. It cannot fail. Records of images end as BIOMETRIC_NO_EXTRACTOR at best.
 */
void biometric_record_read(struct bytes record, struct biometric_announced announced,
                           struct biometric_record *read);
