#include "authd/match/finger_align.h"

#include <math.h>
#include <string.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_parameters.h"
#include "authd/match/finger_ranges.h"

enum { PAIRS_MIN = 3, COST_STEPS = 128 };
#define COST_MAX 1.5f

/* Least squares over the pairs, with scratch->weight; directions count as DIRECTION_PULL px^2. */
static void fit(const struct finger_prepared *one, const struct finger_prepared *other,
                const struct finger_scratch *scratch, struct finger_alignment *alignment) {
    const struct finger_pairing *pairing = &scratch->pairing;
    float all = 0, one_x = 0, one_y = 0, other_x = 0, other_y = 0, cosine = 0, sine = 0;
    for (unsigned i = 0; i < pairing->count; i++) {
        struct finger_pair pair = pairing->pair[i];
        float weight = scratch->weight[i];
        all += weight;
        one_x += weight * one->x[pair.one], one_y += weight * one->y[pair.one];
        other_x += weight * other->x[pair.other], other_y += weight * other->y[pair.other];
    }
    one_x /= all, one_y /= all, other_x /= all, other_y /= all;
    for (unsigned i = 0; i < pairing->count; i++) {
        struct finger_pair pair = pairing->pair[i];
        float weight = scratch->weight[i];
        float x = one->x[pair.one] - one_x, y = one->y[pair.one] - one_y;
        float to_x = other->x[pair.other] - other_x, to_y = other->y[pair.other] - other_y;
        unsigned turn = (unsigned)other->angle[pair.other] - one->angle[pair.one];
        cosine += weight * (x * to_x + y * to_y + DIRECTION_PULL * finger_cos(turn));
        sine += weight * (x * to_y - y * to_x + DIRECTION_PULL * finger_sin(turn));
    }
    float length = sqrtf(cosine * cosine + sine * sine);
    alignment->cosine = length > 0 ? cosine / length : 1;
    alignment->sine = length > 0 ? sine / length : 0;
    alignment->x = other_x - (alignment->cosine * one_x - alignment->sine * one_y);
    alignment->y = other_y - (alignment->sine * one_x + alignment->cosine * one_y);
    alignment->turn = finger_angle(alignment->cosine, alignment->sine);
}

/* The seed and what is compatible with it, the best supported first, each minutia once. */
static void take_compatible(struct finger_scratch *scratch, unsigned seed) {
    const struct finger_candidates *candidates = &scratch->candidates;
    struct finger_pairing *pairing = &scratch->pairing;
    memset(pairing->one_taken, 0, sizeof pairing->one_taken);
    memset(pairing->other_taken, 0, sizeof pairing->other_taken);
    struct finger_pair pair = candidates->pair[seed];
    pairing->one_taken[pair.one] = pairing->other_taken[pair.other] = 1;
    pairing->pair[0] = pair;
    scratch->weight[0] = 1;
    pairing->count = 1;
    for (unsigned i = 0; i < candidates->count; i++) {
        unsigned next = candidates->best[i];
        pair = candidates->pair[next];
        if (candidates->compatible[seed][next] < COMPATIBLE || pairing->one_taken[pair.one] ||
            pairing->other_taken[pair.other])
            continue;
        pairing->one_taken[pair.one] = pairing->other_taken[pair.other] = 1;
        pairing->pair[pairing->count] = pair;
        scratch->weight[pairing->count++] = candidates->compatible[seed][next];
    }
}

static void move(const struct finger_prepared *one, const struct finger_alignment *alignment,
                 struct finger_scratch *scratch) {
    for (unsigned i = 0; i < one->count; i++) {
        scratch->x[i] = alignment->cosine * one->x[i] - alignment->sine * one->y[i] + alignment->x;
        scratch->y[i] = alignment->sine * one->x[i] + alignment->cosine * one->y[i] + alignment->y;
    }
}

/* Where one's minutiae are thought to lie on the other, and how far off their partner may be. */
struct guess {
    const float *x, *y;
    unsigned turn;
    float distance;
};

/* What is being paired. */
struct both {
    const struct finger_prepared *one, *other;
    struct finger_scratch *scratch;
};

/* What speaks against a pair that is ${place} off, as a share of what is tolerated, and turned. */
static float cost_of(float place, int turn) {
    return place + (float)(turn * turn) * (0.5f / (PAIR_TURN * PAIR_TURN));
}

/* Adds the partners of minutia ${i} among ${count} of the ring from ${from} that are in place. */
static void add_in_place(const struct both *both, unsigned i, unsigned angle, unsigned from,
                         unsigned count) {
    struct finger_choices *choices = &both->scratch->choices;
    const float *place = both->scratch->place;
    const unsigned end = choices->count + PAIR_CHOICES;
    for (unsigned k = 0; k < count && choices->count < end; k++) {
        if (place[k] > 1)
            continue;
        unsigned j = from + k < both->other->count ? from + k : from + k - both->other->count;
        float cost = cost_of(place[k], finger_turn(angle, both->other->angle[j]));
        choices->pair[choices->count] = (struct finger_pair){(uint8_t)i, (uint8_t)j};
        choices->cost[choices->count++] = cost;
    }
}

/* Adds every partner in reach of minutia ${i}, with its cost, and weighs what is further around. */
static void add_choices(const struct both *both, const struct guess *guess, unsigned i) {
    struct finger_scratch *scratch = both->scratch;
    const float share = 1 / (guess->distance * guess->distance);
    const float x = guess->x[i], y = guess->y[i];
    unsigned angle = both->one->angle[i] + guess->turn, count;
    unsigned from = finger_ring(both->other, angle, PAIR_TURN, &count);
    const float *other_x = &scratch->ring_x[from], *other_y = &scratch->ring_y[from];
    const int *weight = &scratch->ring_weight[from];
    float *place = scratch->place;
    int in_place = 0, around = 0;
    for (unsigned k = 0; k < count; k++) {
        float dx = other_x[k] - x, dy = other_y[k] - y;
        place[k] = (dx * dx + dy * dy) * share;
    }
    for (unsigned k = 0; k < count; k++) {
        in_place += place[k] <= 1;
        around += (place[k] > 1 ? weight[k] : 0) & -(place[k] <= AROUND * AROUND);
    }
    scratch->choices.around += (float)(around * both->one->weight[i]);
    if (in_place > 0)
        add_in_place(both, i, angle, from, count);
}

/* In the order of cost, in steps; equal ones stay as they are. */
static void sort_choices(struct finger_choices *choices) {
    uint16_t start[COST_STEPS + 1] = {0};
    const float steps = (COST_STEPS - 1) / COST_MAX;
    for (unsigned i = 0; i < choices->count; i++)
        start[(unsigned)(choices->cost[i] * steps) + 1]++;
    for (unsigned i = 0; i < COST_STEPS; i++)
        start[i + 1] = (uint16_t)(start[i + 1] + start[i]);
    for (unsigned i = 0; i < choices->count; i++)
        choices->order[start[(unsigned)(choices->cost[i] * steps)]++] = (uint16_t)i;
}

/* The cheapest pairs first, each minutia once. */
static void pair_up(const struct both *both, const struct guess *guess) {
    struct finger_pairing *pairing = &both->scratch->pairing;
    struct finger_choices *choices = &both->scratch->choices;
    choices->count = 0;
    choices->around = 0;
    for (unsigned i = 0; i < both->one->count; i++)
        add_choices(both, guess, i);
    sort_choices(choices);
    memset(pairing->one_taken, 0, sizeof pairing->one_taken);
    memset(pairing->other_taken, 0, sizeof pairing->other_taken);
    pairing->count = 0;
    for (unsigned i = 0; i < choices->count; i++) {
        struct finger_pair pair = choices->pair[choices->order[i]];
        if (pairing->one_taken[pair.one] || pairing->other_taken[pair.other])
            continue;
        pairing->one_taken[pair.one] = pairing->other_taken[pair.other] = 1;
        pairing->cost[pairing->count] = choices->cost[choices->order[i]];
        pairing->pair[pairing->count++] = pair;
    }
}

/* A pair counts by how close it is and how alike its surroundings are. */
static void weigh(struct finger_scratch *scratch) {
    const struct finger_pairing *pairing = &scratch->pairing;
    for (unsigned i = 0; i < pairing->count; i++) {
        struct finger_pair pair = pairing->pair[i];
        float similar = (float)scratch->similarity[pair.one][pair.other] / 16384;
        scratch->weight[i] = finger_larger(1.2f - pairing->cost[i], 0.1f) * (0.05f + similar);
    }
}

/*
 * Skin stretches: what pairs are off by changes slowly over the finger. Each minutia is moved by
 * the mean of what the pairs around are off by; its own does not count.
 */
static void take_out_distortion(const struct finger_prepared *one,
                                const struct finger_prepared *other,
                                struct finger_scratch *scratch) {
    const struct finger_pairing *pairing = &scratch->pairing;
    float *sum_x = scratch->shift_x, *sum_y = scratch->shift_y, *sum = scratch->shift_weight;
    for (unsigned i = 0; i < one->count; i++)
        sum_x[i] = sum_y[i] = 0, sum[i] = FLOW_STIFFNESS;
    for (unsigned p = 0; p < pairing->count; p++) {
        unsigned at = pairing->pair[p].one, to = pairing->pair[p].other;
        const float x = one->x[at], y = one->y[at], weight = scratch->weight[p];
        const float off_x = other->x[to] - scratch->x[at], off_y = other->y[to] - scratch->y[at];
        for (unsigned i = 0; i < one->count; i++) {
            float dx = (float)one->x[i] - x, dy = (float)one->y[i] - y;
            float near = (dx * dx + dy * dy) * (1 / (FLOW_REACH * FLOW_REACH));
            float share = weight / (1 + near + near * near);
            sum_x[i] += share * off_x, sum_y[i] += share * off_y, sum[i] += share;
        }
        sum_x[at] -= weight * off_x, sum_y[at] -= weight * off_y, sum[at] -= weight;
    }
    for (unsigned i = 0; i < one->count; i++) {
        scratch->flow_x[i] = scratch->x[i] + sum_x[i] / finger_larger(sum[i], FLOW_STIFFNESS);
        scratch->flow_y[i] = scratch->y[i] + sum_y[i] / finger_larger(sum[i], FLOW_STIFFNESS);
    }
}

/* Whether an alignment is worth being refined, by what its first pairs weigh. */
static bool is_promising(struct finger_scratch *scratch) {
    float sum = 0;
    for (unsigned i = 0; i < scratch->pairing.count; i++)
        sum += scratch->weight[i];
    scratch->promise = finger_larger(scratch->promise, sum);
    return sum >= PROMISING * scratch->promise;
}

bool finger_align(const struct finger_prepared *one, const struct finger_prepared *other,
                  unsigned seed, struct finger_scratch *scratch,
                  struct finger_alignment *alignment) {
    const struct both both = {one, other, scratch};
    struct guess guess = {.x = scratch->x, .y = scratch->y, .distance = PAIR_DISTANCE};
    take_compatible(scratch, seed);
    for (unsigned round = 0; round < 2; round++) {
        fit(one, other, scratch, alignment);
        move(one, alignment, scratch);
        guess.turn = alignment->turn;
        pair_up(&both, &guess);
        if (scratch->pairing.count < PAIRS_MIN)
            return false;
        weigh(scratch);
        if (round == 0 && !is_promising(scratch))
            return false;
    }
    take_out_distortion(one, other, scratch);
    guess.x = scratch->flow_x;
    guess.y = scratch->flow_y;
    guess.distance = PAIR_DISTANCE_2;
    pair_up(&both, &guess);
    return scratch->pairing.count >= PAIRS_MIN;
}
