#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/match/false_match_table.h"

/*
 * Face vectors: the container of ours that carries what a face model made of an image, and the
 * comparison of two. No allocation, no input or output, no clock; the time of every call is
 * bounded. The sum has one order, so every processor gives the same cosine.
 * docs/matching-iris-face.md has the container's layout.
 */

enum {
    FACE_VECTOR_MODEL_BYTES = 16,
    FACE_VECTOR_DIMENSION_MIN = 64,
    FACE_VECTOR_DIMENSION_MAX = 2048,
    FACE_VECTOR_CONTAINER_MIN = 24 + FACE_VECTOR_DIMENSION_MIN,
    FACE_VECTOR_CONTAINER_MAX = 24 + 4 * FACE_VECTOR_DIMENSION_MAX,
    FACE_VECTOR_COSINE_ONE = 1000000,
};

enum face_vector_form {
    FACE_VECTOR_FLOAT32 = 1,
    FACE_VECTOR_INT8, /* a quarter of the size; its scale does not matter to a cosine */
};

/* Made by face_vector_read alone. */
struct face_vector {
    uint8_t model[FACE_VECTOR_MODEL_BYTES];
    uint8_t form;
    uint16_t dimension;
    double square;                           /* of its length */
    float values[FACE_VECTOR_DIMENSION_MAX]; /* zeroes from the dimension on */
};

/* A model that is configured: vectors of no other are compared. */
struct face_vector_model {
    uint8_t id[FACE_VECTOR_MODEL_BYTES]; /* the first bytes of the SHA-256 of the model's file */
    uint16_t dimension;
    /* From cosine to false match rate, as measured for this model; the policy's rate and this table
     * give the threshold. */
    struct false_match_table table;
};

/* ERR_CONFIG (an id of zeroes, a dimension outside the limits, a table that
 * false_match_table_check refuses, is not of scores, or has a threshold that is not a positive
 * cosine). */
MUST_CHECK enum err face_vector_model_check(const struct face_vector_model *model);

/*
 * Reads the container that ${view} is. ERR_TRUNCATED, ERR_TOO_LARGE (a dimension over the limit)
 * and ERR_MALFORMED (no container of this version, no such form, a dimension below the limit, no
 * model, a value that is not finite, nothing but zeroes), in which case ${vector} is all zeroes.
 */
MUST_CHECK enum err face_vector_read(struct bytes view, struct face_vector *vector);

/* Appends the container; read again, it gives ${vector}. ${target} has the error. */
void face_vector_write(struct buffer *target, const struct face_vector *vector);

/*
 * ${cosine} of the angle between two vectors of ${model}, whatever their forms, in millionths,
 * rounded down. The order of the two does not matter. ERR_DENIED (one is of another model or
 * dimension, or was never read), in which case ${cosine} is −FACE_VECTOR_COSINE_ONE.
 */
MUST_CHECK enum err face_vector_compare(const struct face_vector_model *model,
                                        const struct face_vector *one,
                                        const struct face_vector *other, int32_t *cosine);
