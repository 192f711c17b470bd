#pragma once

#include "authd/match/finger_scratch.h"
#include "authd/match/finger_similarity.h"

/* Fills ${scratch}->similarity, one row a minutia of ${one}; 0 where directions are too far apart.
 */
void finger_candidates_compare(const struct finger_prepared *one,
                               const struct finger_prepared *other, finger_similarity_row *row,
                               struct finger_scratch *scratch);

/*
 * Chooses the most similar pairs and lets them support each other: what is compatible with many
 * others rises, what stands alone sinks (relaxation, after Rosenfeld, Hummel and Zucker, 1976).
 */
void finger_candidates_find(const struct finger_prepared *one, const struct finger_prepared *other,
                            struct finger_scratch *scratch);
