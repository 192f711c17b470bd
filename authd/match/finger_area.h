#pragma once

#include <stdbool.h>

#include "authd/match/finger.h"

/*
 * Where a minutia would have been seen: within HULL_MARGIN of the convex hull of those that were.
 * Kept as a bitmap of squares, 16 pixels wide, with room for 128 pixels around the minutiae. What
 * lies outside the bitmap is not seen.
 */
enum { FINGER_AREA_SHIFT = 4, FINGER_AREA_BORDER = 8 };

/* Fills ${prepared}->area from its minutiae. */
void finger_area_fill(struct finger_prepared *prepared);

static inline bool finger_area_holds(const struct finger_prepared *prepared, int x, int y) {
    unsigned column = (unsigned)((x >> FINGER_AREA_SHIFT) + FINGER_AREA_BORDER);
    unsigned row = (unsigned)((-y >> FINGER_AREA_SHIFT) + FINGER_AREA_BORDER);
    return column < 64 && row < FINGER_AREA_ROWS && (prepared->area[row] >> column & 1) != 0;
}
