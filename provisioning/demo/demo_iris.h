#pragma once

#include <stdint.h>

#include "authd/match/iris_code.h"

/*
 * Irises that nobody has, for demonstrations, tests and figures. A texture of noise around the
 * pupil is filtered as encoders filter images, by waves in angle, and the signs of what comes out
 * are the bits: so bits hang together with their neighbours, and two eyes' codes have about as many
 * degrees of freedom as were measured on real ones. Lids and lashes hide a part that differs from
 * capture to capture.
 */
struct demo_iris_shape {
    uint8_t rings, planes; /* planes: 2 a wave length, its two phases */
    uint16_t columns;
};

extern const struct demo_iris_shape demo_iris_small; /* 2048 bits */
extern const struct demo_iris_shape demo_iris_large; /* 8192 bits */

struct demo_iris {
    struct demo_iris_shape shape;
    uint64_t eye;     /* who: the same number is the same eye */
    uint64_t capture; /* which time: other noise, other lids */
    double noise;     /* of the capture, relative to the texture */
    int turn;         /* columns by which the head was held askew */
    int lids;         /* hundredths of what they usually hide */
};

/* The code of ${sample}; it went through the container once. Ends the program when that fails. */
void demo_iris_make(const struct demo_iris *sample, struct iris_code *code);

/* Numbers that are the same for the same seed everywhere. */
uint64_t demo_iris_random(uint64_t *state);
