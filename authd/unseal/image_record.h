#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/*
 * Records of images: ISO/IEC 19794-4 (finger), -5 (face) and -6 (iris), each of 2005 and 2011. The
 * header is checked and, where each image has a length, that these lead to the record's end. What
 * is in an image nobody looks at here: that is for an extractor, in a process of its own.
 */
struct image_record {
    enum biometric_format format;
    uint16_t count;        /* of images, at least 1 */
    struct bytes contents; /* behind the header: a view of the record */
};

/* BIOMETRIC_READ, BIOMETRIC_UNRECOGNISED, BIOMETRIC_TRUNCATED, BIOMETRIC_WRONG_LENGTH,
 * BIOMETRIC_BAD_HEADER, BIOMETRIC_NO_VIEW. The format is told in any case, the others of
 * BIOMETRIC_READ alone. */
MUST_CHECK enum biometric_reason image_record_read(struct bytes record, struct image_record *image);
