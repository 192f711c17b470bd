#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "authd/match/face_vector.h"

/*
 * The face model of a box: a small text file of settings, read once at the start.
 *
 *     model = 32 hexadecimal digits, the first bytes of the SHA-256 of the model's file
 *     dimension = 512
 *     matches = 0.40:1000 0.52:10000 0.61:100000
 *
 * ${matches} is what whoever configures the model has measured: cosine, colon, one in so many
 * comparisons of different people reaches it; the most lenient first.
 */
#define FACE_MODEL_ROWS_MAX   12 /* what a line of settings has room for */
#define FACE_MODEL_FILE_BYTES 4096

/* ${model}'s table has ${rows}. ERR_CONFIG, with ${problem}. */
MUST_CHECK enum err face_model_parse(struct bytes text, struct face_vector_model *model,
                                     struct false_match_row rows[static FACE_MODEL_ROWS_MAX],
                                     struct conf_problem *problem);
/* The same, of a file. ERR_SYSTEM: it cannot be read. */
MUST_CHECK enum err face_model_read(const char *path, struct face_vector_model *model,
                                    struct false_match_row rows[static FACE_MODEL_ROWS_MAX],
                                    struct conf_problem *problem);
