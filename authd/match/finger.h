#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * Comparison of two fingerprints by their minutiae. No allocation, no input or output, no clock;
 * the time of every call is bounded whatever the templates hold. Code paths for AVX-512, AVX2 and
 * plain C give the same scores bit by bit. docs/matching.md tells how it works and what it reaches.
 */

enum {
    FINGER_TEMPLATE_MINUTIAE = 255, /* what a record can carry */
    FINGER_MINUTIAE = 112,          /* what is compared: the best */
    FINGER_NEIGHBOURS = 16,         /* what describes a minutia's surroundings */
    FINGER_AREA_ROWS = 64,
    FINGER_RESOLUTION = 197,    /* pixels a centimetre: 500 dpi */
    FINGER_RESOLUTION_MIN = 99, /* ISO/IEC 19794-2:2005, 7.3.8 */
    FINGER_RESOLUTION_MAX = 1000,
    FINGER_COORDINATE_MAX = 16383,
};

/*
 * A score is 1000 · −log10 of the share of comparisons of different fingers that reach it: 3000 is
 * one in a thousand. Measured up to 4000, continued above. 0: nothing in common, or too few
 * minutiae.
 */
enum {
    FINGER_SCORE_FMR_1E2 = 2000,
    FINGER_SCORE_FMR_1E3 = 3000,
    FINGER_SCORE_FMR_1E4 = 4000,
    FINGER_SCORE_MAX = 20000,
};

/* Clause 6 of ISO/IEC 19794-2:2005. */
struct finger_minutia {
    uint16_t x, y;   /* pixels from the upper left corner, y downwards */
    uint8_t angle;   /* 360/256 degrees, counter-clockwise from the right */
    uint8_t kind;    /* 0 other, 1 ridge ending, 2 bifurcation */
    uint8_t quality; /* 1 to 100; 0: not reported */
};

/* What a reader hands on: one view of one finger. */
struct finger_template {
    uint16_t x_resolution, y_resolution; /* pixels a centimetre */
    uint8_t position;                    /* 0 unknown, 1 right thumb ... 10 left little finger */
    uint8_t quality;                     /* of the finger, 0 to 100 */
    uint8_t count;
    struct finger_minutia minutiae[FINGER_TEMPLATE_MINUTIAE];
};

/* The nearest neighbours of a minutia in the frame that its position and direction make. */
struct finger_surroundings {
    int8_t along[FINGER_NEIGHBOURS];      /* pixels in the minutia's direction */
    int8_t across[FINGER_NEIGHBOURS];     /* pixels to the left of it */
    int8_t turn[FINGER_NEIGHBOURS];       /* direction, relative to the minutia's */
    uint8_t tolerance[FINGER_NEIGHBOURS]; /* pixels by which it may be elsewhere */
    uint8_t weight[FINGER_NEIGHBOURS];    /* 0: there is no such neighbour */
    uint8_t cell_byte[FINGER_NEIGHBOURS]; /* its cell among the 64 of visible */
    uint8_t cell_bit[FINGER_NEIGHBOURS];
    uint64_t visible; /* cells in which a neighbour would have been seen */
};

/*
 * A template made ready: plain data without pointers, the minutiae in the order of their
 * directions. Made by finger_prepare alone.
 */
struct finger_prepared {
    struct finger_surroundings around[FINGER_MINUTIAE];
    uint64_t area[FINGER_AREA_ROWS];                /* where minutiae would have been seen */
    int16_t x[FINGER_MINUTIAE], y[FINGER_MINUTIAE]; /* pixels at 500 dpi, y upwards */
    uint8_t angle[FINGER_MINUTIAE];
    uint8_t kind[FINGER_MINUTIAE];
    uint8_t weight[FINGER_MINUTIAE]; /* sixteenths: how likely another impression shows it too */
    uint8_t first[257];              /* first minutia whose angle is at least this */
    uint8_t count;
    uint8_t position;
    uint8_t quality;
};

/*
 * Makes ${template} ready. ERR_MALFORMED (a value outside its range, see above), in which case
 * ${prepared} has no minutiae.
 */
MUST_CHECK enum err finger_prepare(const struct finger_template *template,
                                   struct finger_prepared *prepared);

/*
 * How alike two fingers are: 0 to FINGER_SCORE_MAX. The order of the two does not matter.
 * ${scratch} is the caller's (finger_scratch.h) and is wiped before the call returns.
 */
struct finger_scratch;
uint32_t finger_compare(const struct finger_prepared *one, const struct finger_prepared *other,
                        struct finger_scratch *scratch);
