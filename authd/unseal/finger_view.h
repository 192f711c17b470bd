#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/match/finger.h"
#include "authd/wire/biometric_wire.h"

/*
 * What the formats of finger minutiae have in common: ISO/IEC 19794-2:2005 and :2011, ANSI INCITS
 * 378-2004. Each function reads its part of a record and says the first rule that it breaks.
 */

/* How the length in the head of an extended data block counts that head of 4 bytes. */
enum finger_view_blocks {
    FINGER_VIEW_BLOCKS_WITH_HEAD,
    FINGER_VIEW_BLOCKS_EITHER, /* ISO 2005, whose writers differ: one of the two must fit all */
};

/* How a format writes the minutiae of a view. */
struct finger_view_layout {
    uint16_t width, height; /* of the image, pixels */
    uint16_t angles;        /* of a circle: 256, or 180 of two degrees each */
    bool has_quality;       /* a sixth byte */
    bool has_no_quality;    /* of which 254 and 255 say that there is none */
    enum finger_view_blocks blocks;
};

/* Width and height are 1 to 16383, the resolutions what finger.h admits. */
MUST_CHECK enum biometric_reason finger_view_image(const struct finger_view_layout *layout,
                                                   const struct finger_template *minutiae);

/* ${count} minutiae and the extended data area behind them, which is passed over: its blocks fill
 * it to the byte and are of types that there are. Minutiae that occur twice are taken as they are.
 */
MUST_CHECK enum biometric_reason finger_view_minutiae(struct cursor *cursor,
                                                      const struct finger_view_layout *layout,
                                                      uint8_t count,
                                                      struct finger_template *minutiae);

/* The views of each finger are numbered from 0, in their order. Begin with a zeroed one. */
struct finger_view_numbers {
    uint8_t next[BIOMETRIC_POSITIONS];
};
MUST_CHECK enum biometric_reason finger_view_number(struct finger_view_numbers *numbers,
                                                    uint8_t position, uint8_t number);
