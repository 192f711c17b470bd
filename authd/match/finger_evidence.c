#include "authd/match/finger_evidence.h"

#include <math.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_area.h"
#include "authd/match/finger_logarithm.h"
#include "authd/match/finger_parameters.h"

/* Sums over the pairs, each weighted by how reliable its minutiae are. */
struct sums {
    float paired;  /* pairs */
    float close;   /* pairs, less their cost */
    float similar; /* similarity of their surroundings */
};

static float reliability(const struct finger_prepared *one, const struct finger_prepared *other,
                         struct finger_pair pair) {
    return sqrtf((float)(one->weight[pair.one] * other->weight[pair.other])) / 16;
}

static struct sums sum_pairs(const struct finger_prepared *one, const struct finger_prepared *other,
                             const struct finger_scratch *scratch) {
    const struct finger_pairing *pairing = &scratch->pairing;
    struct sums sums = {0};
    for (unsigned i = 0; i < pairing->count; i++) {
        struct finger_pair pair = pairing->pair[i];
        float weight = reliability(one, other, pair);
        sums.paired += weight;
        sums.close += weight * (1 - pairing->cost[i] / 1.5f);
        sums.similar += weight * (float)scratch->similarity[pair.one][pair.other] / 16384;
    }
    return sums;
}

/* What one shows where the other sees, paired or not. */
static float shown_by_one(const struct finger_prepared *one, const struct finger_prepared *other,
                          const struct finger_scratch *scratch) {
    unsigned shown = 0;
    for (unsigned i = 0; i < one->count; i++)
        if (scratch->pairing.one_taken[i] ||
            finger_area_holds(other, (int)scratch->flow_x[i], (int)scratch->flow_y[i]))
            shown += one->weight[i];
    return (float)shown / 16;
}

static float shown_by_other(const struct finger_prepared *one, const struct finger_prepared *other,
                            const struct finger_alignment *alignment,
                            const struct finger_scratch *scratch) {
    unsigned shown = 0;
    for (unsigned i = 0; i < other->count; i++) {
        float x = other->x[i] - alignment->x, y = other->y[i] - alignment->y;
        int back_x = (int)(alignment->cosine * x + alignment->sine * y);
        int back_y = (int)(alignment->cosine * y - alignment->sine * x);
        if (scratch->pairing.other_taken[i] || finger_area_holds(one, back_x, back_y))
            shown += other->weight[i];
    }
    return (float)shown / 16;
}

/* The nearest pairs to a pair, by distance in one. Returns how many. */
static unsigned find_nearest(const struct finger_prepared *one,
                             const struct finger_pairing *pairing, unsigned middle,
                             unsigned nearest[static EDGE_NEIGHBOURS]) {
    int distance[EDGE_NEIGHBOURS];
    unsigned count = 0, here = pairing->pair[middle].one;
    for (unsigned i = 0; i < pairing->count; i++) {
        unsigned there = pairing->pair[i].one;
        int x = one->x[there] - one->x[here], y = one->y[there] - one->y[here];
        int squared = x * x + y * y;
        if (i == middle || squared > EDGE_REACH * EDGE_REACH ||
            (count == EDGE_NEIGHBOURS && squared >= distance[EDGE_NEIGHBOURS - 1]))
            continue;
        unsigned at = count < EDGE_NEIGHBOURS ? count++ : EDGE_NEIGHBOURS - 1;
        for (; at > 0 && distance[at - 1] > squared; at--) {
            distance[at] = distance[at - 1];
            nearest[at] = nearest[at - 1];
        }
        distance[at] = squared;
        nearest[at] = i;
    }
    return count;
}

/* 1 when two pairs lie to each other in both fingers alike, to 0; times their reliability. */
static float edge(const struct finger_prepared *one, const struct finger_prepared *other,
                  const struct finger_scratch *scratch, struct finger_pair from,
                  struct finger_pair to) {
    float x = scratch->x[to.one] - scratch->x[from.one];
    float y = scratch->y[to.one] - scratch->y[from.one];
    float off_x = x - (other->x[to.other] - other->x[from.other]);
    float off_y = y - (other->y[to.other] - other->y[from.other]);
    float tolerance = EDGE + EDGE_RISE * sqrtf(x * x + y * y);
    float cost = (off_x * off_x + off_y * off_y) / (tolerance * tolerance);
    return finger_larger(1 - cost, 0) *
           sqrtf(reliability(one, other, from) * reliability(one, other, to));
}

static float sum_edges(const struct finger_prepared *one, const struct finger_prepared *other,
                       const struct finger_scratch *scratch) {
    const struct finger_pairing *pairing = &scratch->pairing;
    float sum = 0;
    for (unsigned i = 0; i < pairing->count; i++) {
        unsigned nearest[EDGE_NEIGHBOURS];
        unsigned count = find_nearest(one, pairing, i, nearest);
        for (unsigned k = 0; k < count; k++)
            sum += edge(one, other, scratch, pairing->pair[i], pairing->pair[nearest[k]]);
    }
    return sum;
}

/*
 * How surprising it is that ${close} minutiae lie where others are, when ${chance} would by chance:
 * the exponent of Chernoff's bound on a Poisson variable's tail.
 */
static float surprise(float close, float chance) {
    if (close <= chance)
        return 0;
    return close * (float)finger_logarithm((double)(close / chance)) - (close - chance);
}

float finger_evidence(const struct finger_prepared *one, const struct finger_prepared *other,
                      const struct finger_alignment *alignment,
                      const struct finger_scratch *scratch) {
    struct sums sums = sum_pairs(one, other, scratch);
    if (sums.paired <= 0)
        return 0;
    float shown = (shown_by_one(one, other, scratch) + OVERLAP_PRIOR) *
                  (shown_by_other(one, other, alignment, scratch) + OVERLAP_PRIOR);
    float chance = CHANCE * scratch->choices.around / (256 * (AROUND * AROUND - 1)) + CHANCE_PRIOR;
    float turn = (float)finger_turn(0, alignment->turn) / TURN_USUAL;
    return (surprise(sums.close, chance) + CLOSE_SHARE * sums.close) / sqrtf(shown) *
           (sums.similar / sums.paired + SIMILAR_PRIOR) *
           (sums.paired / (sums.paired + PAIRED_PRIOR)) *
           sqrtf(sum_edges(one, other, scratch) + EDGES_PRIOR) / (1 + turn * turn);
}
