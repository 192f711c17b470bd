#pragma once

#include "authd/match/finger.h"

enum {
    FINGER_CANDIDATES = 40,
    FINGER_CANDIDATES_FOUND = 2 * FINGER_MINUTIAE,
    FINGER_PAIR_CHOICES = 8 * FINGER_MINUTIAE,
};

/* Minutiae of the two fingers that may be the same. */
struct finger_pair {
    uint8_t one, other;
};

/* Pairs in reach of each other, and the order of their costs. */
struct finger_choices {
    unsigned count;
    struct finger_pair pair[FINGER_PAIR_CHOICES];
    float cost[FINGER_PAIR_CHOICES];
    uint16_t order[FINGER_PAIR_CHOICES];
    float around;
};

/* Pairs, each minutia in one at most. */
struct finger_pairing {
    unsigned count;
    struct finger_pair pair[FINGER_MINUTIAE];
    float cost[FINGER_MINUTIAE]; /* 0: exactly in place; up to 1.5 */
    uint8_t one_taken[FINGER_MINUTIAE], other_taken[FINGER_MINUTIAE];
};

/* Candidates, the most similar first, and how they support each other. */
struct finger_candidates {
    unsigned count;
    struct finger_pair pair[FINGER_CANDIDATES];
    float support[FINGER_CANDIDATES];
    float next_support[FINGER_CANDIDATES];
    float compatible[FINGER_CANDIDATES][FINGER_CANDIDATES];
    unsigned best[FINGER_CANDIDATES]; /* candidates, the best supported first */
    unsigned found_count;
    uint32_t found[FINGER_CANDIDATES_FOUND]; /* before the choice: similarity and both minutiae */
    uint8_t other_used[FINGER_MINUTIAE];
};

/* Everything a comparison works on. It is personal data: finger_compare wipes it when it is done.
 */
struct finger_scratch {
    uint16_t similarity[FINGER_MINUTIAE][FINGER_MINUTIAE]; /* 16384: the same surroundings */
    struct finger_candidates candidates;
    struct finger_pairing pairing;
    uint8_t explained[FINGER_MINUTIAE]; /* partner + 1, of the last alignment that had one */
    struct finger_choices choices;
    float promise; /* weight of the first pairs of the best alignment so far */
    float ring_x[2 * FINGER_MINUTIAE], ring_y[2 * FINGER_MINUTIAE]; /* of the other, twice over */
    int ring_weight[2 * FINGER_MINUTIAE];
    float place[FINGER_MINUTIAE]; /* how far partners are off, squared; 1: as far as tolerated */
    float weight[FINGER_MINUTIAE];
    float x[FINGER_MINUTIAE], y[FINGER_MINUTIAE]; /* of one, as the alignment puts them */
    float shift_x[FINGER_MINUTIAE], shift_y[FINGER_MINUTIAE], shift_weight[FINGER_MINUTIAE];
    float flow_x[FINGER_MINUTIAE], flow_y[FINGER_MINUTIAE]; /* of one, distortion taken out */
};
