#pragma once

#include <stdint.h>

/*
 * Arithmetic that is the same on every processor. Angles are in 256ths of a circle, as records
 * carry them.
 */

static inline float finger_larger(float one, float other) {
    return one > other ? one : other;
}

static inline float finger_smaller(float one, float other) {
    return one < other ? one : other;
}

static inline int finger_rounded(float number) {
    return (int)(number < 0 ? number - 0.5f : number + 0.5f);
}

/* Cosine of each angle. */
extern const float finger_angle_cosine[256];

static inline float finger_cos(unsigned angle) {
    return finger_angle_cosine[angle & 255];
}

static inline float finger_sin(unsigned angle) {
    return finger_angle_cosine[(angle - 64) & 255];
}

/* From ${from} to ${to} the short way: -128 to 127. */
static inline int finger_turn(unsigned from, unsigned to) {
    int turn = (int)((to - from) & 255);
    return turn < 128 ? turn : turn - 256;
}

/* The angle nearest to the direction (${x}, ${y}). (0, 0) has the angle 0. */
uint8_t finger_angle(float x, float y);
