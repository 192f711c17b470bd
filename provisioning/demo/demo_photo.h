#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * A photo that shows nobody: head and shoulders of 8-pixel squares, whose colours follow from
 * ${uin}. Baseline JPEG, 120 × 160. ERR_FULL: DEMO_PHOTO_BYTES_MAX is always enough.
 */
#define DEMO_PHOTO_BYTES_MAX 2048
MUST_CHECK enum err demo_photo_draw(const char *uin, struct buffer *jpeg);
