#include "authd/match/finger_similarity.h"

#include "authd/match/finger_parameters.h"

static unsigned distance(int one, int other) {
    return (unsigned)(one < other ? other - one : one - other);
}

/* How well a neighbour of one and a neighbour of the other agree: 0, or what is left of tolerance.
 */
static unsigned agreement(const struct finger_surroundings *one, unsigned i,
                          const struct finger_surroundings *other, unsigned j) {
    unsigned turn = distance((int8_t)(uint8_t)(one->turn[i] - other->turn[j]), 0);
    unsigned cost = distance(one->along[i], other->along[j]) +
                    distance(one->across[i], other->across[j]) + (turn + 1) / 2;
    unsigned tolerance = ((unsigned)one->tolerance[i] + other->tolerance[j] + 1) / 2;
    return cost < tolerance ? tolerance - cost : 0;
}

/* Adds what ${best} agrees for each neighbour of ${one}, and what it should where ${other} sees. */
static void add_up(const struct finger_surroundings *one, const struct finger_surroundings *other,
                   const unsigned *best, unsigned *agreeing, unsigned *expected) {
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++) {
        unsigned cell = one->cell_byte[i] * 8u + (unsigned)__builtin_ctz(one->cell_bit[i] | 256u);
        *agreeing += best[i] * one->weight[i];
        if (best[i] > 0 || (other->visible >> (cell & 63) & 1) != 0)
            *expected += (unsigned)one->tolerance[i] * one->weight[i];
    }
}

static uint16_t similarity(const struct finger_surroundings *one,
                           const struct finger_surroundings *other) {
    unsigned best_of_one[FINGER_NEIGHBOURS] = {0}, best_of_other[FINGER_NEIGHBOURS] = {0};
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++)
        for (unsigned j = 0; j < FINGER_NEIGHBOURS; j++) {
            unsigned agrees = agreement(one, i, other, j);
            if (best_of_one[i] < agrees)
                best_of_one[i] = agrees;
            if (best_of_other[j] < agrees)
                best_of_other[j] = agrees;
        }
    unsigned agreeing = 0, expected = 0;
    add_up(one, other, best_of_one, &agreeing, &expected);
    add_up(other, one, best_of_other, &agreeing, &expected);
    return FINGER_SIMILARITY(agreeing, expected);
}

void finger_similarity_plain(const struct finger_surroundings *one,
                             const struct finger_surroundings *others, unsigned count,
                             uint16_t *similarities) {
    for (unsigned i = 0; i < count; i++)
        similarities[i] = similarity(one, &others[i]);
}

finger_similarity_row *finger_similarity_of(enum finger_path path) {
    if (path == FINGER_PLAIN)
        return finger_similarity_plain;
    if (path == FINGER_AVX2 && __builtin_cpu_supports("avx2"))
        return finger_similarity_avx2;
    if (path == FINGER_AVX512 && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return finger_similarity_avx512;
    return NULL;
}

finger_similarity_row *finger_similarity_best(void) {
    finger_similarity_row *best = finger_similarity_plain;
    for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++)
        if (finger_similarity_of(path) != NULL)
            best = finger_similarity_of(path);
    return best;
}
