#pragma once

#include <stdbool.h>

#include "authd/match/finger_scratch.h"

/* A movement of the plane: turn by cosine and sine, then shift. */
struct finger_alignment {
    float cosine, sine, x, y;
    unsigned turn; /* the same angle, 256ths of a circle */
};

/*
 * From the candidate ${seed} and those compatible with it, how one has to be moved to lie on the
 * other, and which minutiae are then the same: in ${scratch}->pairing, with what the skin's
 * distortion moves taken out, and one's places in ${scratch}->flow_x, flow_y. Returns false when
 * fewer than three minutiae pair.
 */
bool finger_align(const struct finger_prepared *one, const struct finger_prepared *other,
                  unsigned seed, struct finger_scratch *scratch,
                  struct finger_alignment *alignment);
