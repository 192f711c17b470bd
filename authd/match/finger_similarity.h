#pragma once

#include "authd/match/finger.h"

/* What processors may offer; all give the same numbers. */
enum finger_path {
    FINGER_PLAIN,
    FINGER_AVX2,
    FINGER_AVX512,
    FINGER_PATHS,
};

/*
 * similarity[i] = how alike the surroundings of ${one} and others[i] are: 0 to 16384. A neighbour
 * of either counts by its weight and by how close the other has one; where the other could not have
 * seen it, it does not count against them.
 */
typedef void finger_similarity_row(const struct finger_surroundings *one,
                                   const struct finger_surroundings *others, unsigned count,
                                   uint16_t *similarity);

/* NULL when this processor lacks it. */
finger_similarity_row *finger_similarity_of(enum finger_path path);
/* The fastest that this processor has. */
finger_similarity_row *finger_similarity_best(void);

finger_similarity_row finger_similarity_plain;
finger_similarity_row finger_similarity_avx2;
finger_similarity_row finger_similarity_avx512;

#define FINGER_SIMILARITY_SAME 16384
/* Of the weight that agrees and the weight that should: what both code paths end with. */
#define FINGER_SIMILARITY(agreeing, expected)                                                      \
    ((uint16_t)((uint32_t)(agreeing)*FINGER_SIMILARITY_SAME / ((uint32_t)(expected) + PRIOR)))
