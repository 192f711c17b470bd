#pragma once

#include "authd/match/finger.h"
#include "provisioning/demo/demo_random.h"

/*
 * Fingers that nobody has, for demonstrations and tests. A finger is a field of ridge directions
 * (an arch, a loop or a whorl) with minutiae that follow it; an impression shows a part of it,
 * turned, shifted and stretched as skin is, with some minutiae missed, some invented and all a
 * little off.
 */

enum { DEMO_FINGER_MINUTIAE = 160 };

struct demo_finger {
    unsigned count;
    struct {
        float x, y;    /* pixels at 500 dpi from the middle of the finger, y upwards */
        uint8_t angle; /* as in struct finger_minutia */
        uint8_t kind;
        uint8_t clarity; /* 0 to 100: how often an impression shows it, and of what quality */
    } minutiae[DEMO_FINGER_MINUTIAE];
};

/* How an impression is taken. */
struct demo_finger_capture {
    float turn;        /* standard deviation, degrees */
    float shift;       /* likewise, pixels */
    float stretch;     /* likewise, pixels that skin is moved by */
    float blur;        /* likewise, pixels that a minutia is off by */
    unsigned missed;   /* of a hundred clear minutiae */
    unsigned invented; /* for a hundred true ones */
};

/* A careful capture, and one as bad as those of public evaluations. */
extern const struct demo_finger_capture demo_finger_good, demo_finger_poor;

void demo_finger_make(struct demo_finger *finger, struct demo_random *random);
/* Fills ${template}, at 500 dpi; its position and quality are the caller's to set. */
void demo_finger_impress(const struct demo_finger *finger,
                         const struct demo_finger_capture *capture, struct demo_random *random,
                         struct finger_template *template);
