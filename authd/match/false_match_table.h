#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/* Probabilities are whole numbers of 10^-12. */
#define FALSE_MATCH_CERTAIN UINT64_C(1000000000000)

/* From a threshold to the share of comparisons of different people that pass it. */
struct false_match_row {
    int32_t threshold;
    uint64_t rate;
};

enum false_match_measure {
    FALSE_MATCH_SCORE = 0, /* higher is more alike: passes what is at least the threshold */
    FALSE_MATCH_DISTANCE,  /* lower is more alike: passes what is at most the threshold */
};

/* The most lenient row first; thresholds get stricter and rates smaller from row to row. */
struct false_match_table {
    enum false_match_measure measure;
    size_t count;
    const struct false_match_row *rows; /* borrowed */
};

/* Of finger_compare and of iris_code_compare. Faces have a table each model (face_vector.h). */
extern const struct false_match_table false_match_table_finger;
extern const struct false_match_table false_match_table_iris;

/* ERR_CONFIG (no rows, rows out of order, a rate of 0 or over certainty). */
MUST_CHECK enum err false_match_table_check(const struct false_match_table *table);

/*
 * What is claimed for ${threshold}: the rate of the strictest row that is not stricter than it, for
 * nothing is claimed between rows. FALSE_MATCH_CERTAIN for one more lenient than all rows, and for
 * a table that false_match_table_check refuses.
 */
uint64_t false_match_table_rate(const struct false_match_table *table, int32_t threshold);

/*
 * The most lenient threshold that is claimed to keep ${rate}. ERR_NOT_FOUND (none is) and
 * ERR_CONFIG (the table is refused); ${threshold} is then one that nothing passes.
 */
MUST_CHECK enum err false_match_table_threshold(const struct false_match_table *table,
                                                uint64_t rate, int32_t *threshold);
