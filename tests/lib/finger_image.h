#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/match/finger.h"

/*
 * Finger image records whose images need no image processing: ISO/IEC 19794-4:2005, one view, and
 * in the place of pixels the minutiae, 7 bytes each: x and y (two bytes each, big-endian), angle,
 * kind and quality as in struct finger_minutia. So everything but the extractor's art can be tried.
 */
#define FINGER_IMAGE_BYTES_MAX (32u + 14u + 7u * FINGER_TEMPLATE_MINUTIAE)

/* Position, quality and the horizontal resolution go into the record's own fields. */
void finger_image_write(struct buffer *target, const struct finger_template *finger);
/* ERR_MALFORMED, ERR_TRUNCATED, ERR_TOO_LARGE; ${finger} is empty then. */
MUST_CHECK enum err finger_image_read(struct bytes record, struct finger_template *finger);
