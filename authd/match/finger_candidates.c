#include "authd/match/finger_candidates.h"

#include <math.h>
#include <string.h>

#include "authd/match/finger_angle.h"
#include "authd/match/finger_parameters.h"
#include "authd/match/finger_ranges.h"

/* A candidate as a number that sorts by similarity. */
static uint32_t key_of(unsigned similarity, unsigned one, unsigned other) {
    return similarity << 16 | one << 8 | other;
}

/* The most similar minutiae of the other, as keys. */
struct partners {
    uint32_t best, second;
};

static void note_partners(const uint16_t *similarity, unsigned i, struct finger_range range,
                          struct partners *partners) {
    for (unsigned j = range.from; j < range.from + range.count; j++) {
        uint32_t key = key_of(similarity[j], i, j);
        if (key > partners->best) {
            partners->second = partners->best;
            partners->best = key;
        } else if (key > partners->second) {
            partners->second = key;
        }
    }
}

/* Adds the best partners of minutia ${i}, and keeps how similar all are whose direction allows it.
 */
static void compare_minutia(const struct finger_prepared *one, const struct finger_prepared *other,
                            unsigned i, finger_similarity_row *row,
                            struct finger_scratch *scratch) {
    struct finger_candidates *candidates = &scratch->candidates;
    struct partners partners = {0};
    struct finger_range range[2];
    unsigned ranges = finger_ranges(other, one->angle[i], DIRECTION_GATE, range);
    uint16_t *similarity = scratch->similarity[i];
    memset(similarity, 0, other->count * sizeof *similarity);
    for (unsigned r = 0; r < ranges; r++) {
        row(&one->around[i], &other->around[range[r].from], range[r].count,
            &similarity[range[r].from]);
        note_partners(similarity, i, range[r], &partners);
    }
    if (partners.best >> 16 >= SIMILARITY_MIN)
        candidates->found[candidates->found_count++] = partners.best;
    if (partners.second >> 16 >= SIMILARITY_MIN)
        candidates->found[candidates->found_count++] = partners.second;
}

void finger_candidates_compare(const struct finger_prepared *one,
                               const struct finger_prepared *other, finger_similarity_row *row,
                               struct finger_scratch *scratch) {
    scratch->candidates.found_count = 0;
    for (unsigned i = 0; i < one->count; i++)
        compare_minutia(one, other, i, row, scratch);
}

/* Lets the key at ${at} sink until none below it is larger. */
static void sink(uint32_t *heap, unsigned count, unsigned at) {
    uint32_t key = heap[at];
    for (unsigned child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= key)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = key;
}

/* Takes the most similar first, as long as there is room; of each of other's minutiae, two. */
static void choose(struct finger_candidates *candidates) {
    uint32_t *heap = candidates->found;
    unsigned found = candidates->found_count;
    memset(candidates->other_used, 0, sizeof candidates->other_used);
    candidates->count = 0;
    for (unsigned i = found / 2; i-- > 0;)
        sink(heap, found, i);
    while (found > 0 && candidates->count < FINGER_CANDIDATES) {
        uint32_t key = heap[0];
        heap[0] = heap[--found];
        sink(heap, found, 0);
        struct finger_pair pair = {.one = key >> 8 & 255, .other = key & 255};
        if (candidates->other_used[pair.other] == CANDIDATES_MINUTIA)
            continue;
        candidates->other_used[pair.other]++;
        candidates->support[candidates->count] = (float)(key >> 16) / FINGER_SIMILARITY_SAME;
        candidates->pair[candidates->count++] = pair;
    }
}

/*
 * How well two pairs fit one movement of the finger, 0 to 1. The movement's turn is the mean of the
 * two pairs'; what the second minutia is then off by is told apart into along and across the line
 * to the first, for directions are less exact than places.
 */
static float compatibility(const struct finger_prepared *one, const struct finger_prepared *other,
                           struct finger_pair first, struct finger_pair second) {
    if (first.one == second.one || first.other == second.other)
        return 0;
    unsigned turn = (unsigned)other->angle[first.other] - one->angle[first.one];
    int differ = finger_turn(turn, (unsigned)other->angle[second.other] - one->angle[second.one]);
    if (differ >= TURN_TOLERANCE || differ <= -TURN_TOLERANCE)
        return 0;
    turn += (unsigned)(differ / 2);
    float x = (float)(one->x[second.one] - one->x[first.one]);
    float y = (float)(one->y[second.one] - one->y[first.one]);
    float other_x = (float)(other->x[second.other] - other->x[first.other]);
    float other_y = (float)(other->y[second.other] - other->y[first.other]);
    float off_x = finger_cos(turn) * x - finger_sin(turn) * y - other_x;
    float off_y = finger_sin(turn) * x + finger_cos(turn) * y - other_y;
    float length = sqrtf(x * x + y * y);
    float radial = length - sqrtf(other_x * other_x + other_y * other_y);
    float tangential = finger_larger(off_x * off_x + off_y * off_y - radial * radial, 0);
    float radial_limit = RADIAL + RADIAL_RISE * length;
    float tangential_limit = TANGENTIAL + TANGENTIAL_RISE * length;
    float cost = radial * radial / (radial_limit * radial_limit) +
                 tangential / (tangential_limit * tangential_limit) +
                 (float)(differ * differ) / (TURN_TOLERANCE * TURN_TOLERANCE);
    return finger_larger(1 - cost, 0);
}

static void relate(const struct finger_prepared *one, const struct finger_prepared *other,
                   struct finger_candidates *candidates) {
    for (unsigned i = 0; i < candidates->count; i++) {
        candidates->compatible[i][i] = 0;
        for (unsigned j = 0; j < i; j++)
            candidates->compatible[i][j] = candidates->compatible[j][i] =
                compatibility(one, other, candidates->pair[i], candidates->pair[j]);
    }
}

static void relax(struct finger_candidates *candidates) {
    const unsigned count = candidates->count;
    float *support = candidates->support, *next = candidates->next_support;
    const float share = RELAXATION_SHARE / (float)(count > 1 ? count - 1 : 1);
    for (unsigned round = 0; round < RELAXATIONS; round++) {
        for (unsigned i = 0; i < count; i++)
            next[i] = support[i] * (1 - RELAXATION_SHARE);
        for (unsigned j = 0; j < count; j++) {
            const float given = support[j] * share;
            for (unsigned i = 0; i < count; i++)
                next[i] += candidates->compatible[j][i] * given;
        }
        memcpy(support, next, count * sizeof *support);
    }
}

static void order(struct finger_candidates *candidates) {
    for (unsigned i = 0; i < candidates->count; i++) {
        unsigned at = i;
        for (; at > 0 && candidates->support[candidates->best[at - 1]] < candidates->support[i];
             at--)
            candidates->best[at] = candidates->best[at - 1];
        candidates->best[at] = i;
    }
}

void finger_candidates_find(const struct finger_prepared *one, const struct finger_prepared *other,
                            struct finger_scratch *scratch) {
    struct finger_candidates *candidates = &scratch->candidates;
    choose(candidates);
    relate(one, other, candidates);
    relax(candidates);
    order(candidates);
}
