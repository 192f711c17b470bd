#pragma once

#include "authd/match/finger_scratch.h"
#include "authd/match/finger_similarity.h"

/* finger_compare by one code path, for tests that hold the paths against each other. */
uint32_t finger_compare_with(finger_similarity_row *row, const struct finger_prepared *one,
                             const struct finger_prepared *other, struct finger_scratch *scratch);
