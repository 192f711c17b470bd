#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Iris codes: the container of ours that carries one, since no standard has a format for them
 * (ISO/IEC 19794-6 is of images), and the comparison of two. No allocation, no input or output, no
 * clock; the time of every call is bounded. Code paths for AVX-512, AVX2 and plain C give the same
 * distances. docs/matching-iris-face.md has the container's layout and what the distance means.
 */

enum {
    IRIS_CODE_MODEL_BYTES = 16,
    IRIS_CODE_COLUMNS_STEP = 64, /* a column is an angle; their number is a multiple of this */
    IRIS_CODE_COLUMNS_MAX = 512,
    IRIS_CODE_RINGS_MAX = 64,
    IRIS_CODE_PLANES_MAX = 8,
    IRIS_CODE_ROWS_STEP = 8, /* what rows are rounded up to in memory */
    IRIS_CODE_BITS_MIN = 1024,
    IRIS_CODE_WORDS_MAX = 256, /* 16384 bits, with the rows that were rounded up */
    IRIS_CODE_CONTAINER_MIN = 28 + 2 * IRIS_CODE_BITS_MIN / 8,
    IRIS_CODE_CONTAINER_MAX = 28 + 2 * IRIS_CODE_WORDS_MAX * 8,
    /* Columns by which two codes may be turned; the claim behind a threshold covers as many. */
    IRIS_CODE_TURN_MAX = 15,
    IRIS_CODE_DISTANCE_MAX = 10000,
};

enum iris_code_eye {
    IRIS_CODE_EYE_UNKNOWN = 0,
    IRIS_CODE_EYE_RIGHT,
    IRIS_CODE_EYE_LEFT,
};

/*
 * One eye's code. A row is one ring of one plane, the rings of the first plane first. Words are
 * held column by column: word w of row r, with columns 64 w (highest bit) to 64 w + 63, is at
 * w * iris_code_rows(code) + r. Made by iris_code_read alone.
 */
struct iris_code {
    uint8_t model[IRIS_CODE_MODEL_BYTES]; /* what made the code: of two makers none are alike */
    uint8_t eye;
    uint8_t rings, planes;
    uint16_t columns;
    uint64_t bits[IRIS_CODE_WORDS_MAX];
    uint64_t mask[IRIS_CODE_WORDS_MAX]; /* the bits that are valid: no lid, no lash, no glare */
};

/* Rows in memory: a multiple of IRIS_CODE_ROWS_STEP. */
unsigned iris_code_rows(const struct iris_code *code);
/* Words in memory, of bits and of mask alike. */
unsigned iris_code_words(const struct iris_code *code);

/*
 * Reads the container that ${view} is. ERR_TRUNCATED, ERR_TOO_LARGE (a shape over the limits above)
 * and ERR_MALFORMED (no container of this version; a shape that none has; no model; bits set that
 * are not valid; fewer than a quarter of the bits valid, which could never be compared; of the
 * valid bits fewer than a quarter ones or fewer than a quarter zeroes, which no eye gives), in
 * which case
 * ${code} is all zeroes.
 */
MUST_CHECK enum err iris_code_read(struct bytes view, struct iris_code *code);

/* Appends the container; read again, it gives ${code}. ${target} has the error. */
void iris_code_write(struct buffer *target, const struct iris_code *code);

/*
 * How different two codes are: ${distance} is the normalised fractional Hamming distance of their
 * common valid bits, in ten-thousandths, rounded up: the least over all turns of at most ${turn}
 * columns either way. The order of the two does not matter. ERR_TOO_LARGE (${turn} is over
 * IRIS_CODE_TURN_MAX), ERR_DENIED (another model, shape or eye: not to be compared) and
 * ERR_UNAVAILABLE (at no turn a quarter of the bits are valid in both), in which case ${distance}
 * is IRIS_CODE_DISTANCE_MAX. ${scratch} is the caller's (iris_code_scratch.h) and is wiped before
 * the call returns.
 */
struct iris_code_scratch;
MUST_CHECK enum err iris_code_compare(const struct iris_code *one, const struct iris_code *other,
                                      unsigned turn, struct iris_code_scratch *scratch,
                                      uint16_t *distance);
