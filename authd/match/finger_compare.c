#include "authd/match/finger.h"

#include <stdbool.h>
#include <string.h>

#include "authd/match/finger_align.h"
#include "authd/match/finger_candidates.h"
#include "authd/match/finger_evidence.h"
#include "authd/match/finger_parameters.h"
#include "authd/match/finger_path.h"
#include "authd/match/finger_scale.h"
#include "authd/match/finger_scratch.h"

enum { MINUTIAE_MIN = 3, BASE_CANDIDATES = 4 };

/* Support of the best candidates: how well the fingers agree before any alignment. */
static float base_of(const struct finger_candidates *candidates) {
    float base = 0;
    for (unsigned i = 0; i < candidates->count && i < BASE_CANDIDATES; i++)
        base += candidates->support[candidates->best[i]];
    return base;
}

/* An alignment that was tried already holds the seed: another try would give the same. */
static bool is_explained(const struct finger_scratch *scratch, unsigned seed) {
    struct finger_pair pair = scratch->candidates.pair[seed];
    return scratch->explained[pair.one] == pair.other + 1;
}

static void explain(struct finger_scratch *scratch) {
    for (unsigned i = 0; i < scratch->pairing.count; i++)
        scratch->explained[scratch->pairing.pair[i].one] =
            (uint8_t)(scratch->pairing.pair[i].other + 1);
}

static float best_evidence(const struct finger_prepared *one, const struct finger_prepared *other,
                           struct finger_scratch *scratch) {
    const struct finger_candidates *candidates = &scratch->candidates;
    float best = 0;
    scratch->promise = 0;
    memset(scratch->explained, 0, sizeof scratch->explained);
    for (unsigned i = 0; i < other->count; i++) {
        unsigned again = i + other->count;
        scratch->ring_x[i] = scratch->ring_x[again] = other->x[i];
        scratch->ring_y[i] = scratch->ring_y[again] = other->y[i];
        scratch->ring_weight[i] = scratch->ring_weight[again] = other->weight[i];
    }
    for (unsigned i = 0, tried = 0; i < candidates->count && tried < SEEDS; i++) {
        struct finger_alignment alignment;
        unsigned seed = candidates->best[i];
        if (is_explained(scratch, seed))
            continue;
        tried++;
        if (!finger_align(one, other, seed, scratch, &alignment))
            continue;
        explain(scratch);
        float evidence = finger_evidence(one, other, &alignment, scratch);
        best = evidence > best ? evidence : best;
    }
    return best;
}

/* One order for two fingers, so that it does not matter which was given first. */
static bool comes_first(const struct finger_prepared *one, const struct finger_prepared *other) {
    if (one->count != other->count)
        return one->count < other->count;
    int places = memcmp(one->x, other->x, sizeof one->x);
    if (places == 0)
        places = memcmp(one->y, other->y, sizeof one->y);
    if (places == 0)
        places = memcmp(one->angle, other->angle, sizeof one->angle);
    if (places == 0)
        places = memcmp(one->weight, other->weight, sizeof one->weight);
    return places <= 0;
}

static uint32_t score_of(finger_similarity_row *row, const struct finger_prepared *one,
                         const struct finger_prepared *other, struct finger_scratch *scratch) {
    if (one->count < MINUTIAE_MIN || other->count < MINUTIAE_MIN)
        return 0;
    finger_candidates_compare(one, other, row, scratch);
    finger_candidates_find(one, other, scratch);
    float evidence = best_evidence(one, other, scratch);
    return finger_scale(evidence * (base_of(&scratch->candidates) + BASE_PRIOR));
}

uint32_t finger_compare_with(finger_similarity_row *row, const struct finger_prepared *one,
                             const struct finger_prepared *other, struct finger_scratch *scratch) {
    bool in_order = comes_first(one, other);
    uint32_t score = score_of(row, in_order ? one : other, in_order ? other : one, scratch);
    explicit_bzero(scratch, sizeof *scratch);
    return score;
}

uint32_t finger_compare(const struct finger_prepared *one, const struct finger_prepared *other,
                        struct finger_scratch *scratch) {
    return finger_compare_with(finger_similarity_best(), one, other, scratch);
}
