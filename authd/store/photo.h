#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * A person's portrait, as the image file the register holds: JPEG, JPEG 2000 (JP2) or a bare
 * JPEG 2000 codestream. Nothing here decodes it; it is bytes that a programme will show.
 *
 * 32 KiB: what a passport's chip carries, 12 to 20 KiB by ICAO's advice, and half as much again.
 * It must travel within one answer, where it becomes base64 twice, and forty million of them are
 * to fit on one disk.
 */
#define PHOTO_BYTES_MAX (32u * 1024u)

/* ERR_MALFORMED: it does not begin as any of these; ERR_TOO_LARGE. */
MUST_CHECK enum err photo_check(struct bytes image);
