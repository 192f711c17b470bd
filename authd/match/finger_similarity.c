#include "authd/match/finger_similarity.h"

#include "authd/match/finger_parameters.h"

static inline int16_t larger(int16_t one, int16_t other) {
    return one > other ? one : other;
}

static inline int16_t size(int16_t difference) {
    return larger(difference, (int16_t)-difference);
}

/* What is found for each neighbour. Sixteen bits each, so that compilers can take eight at once. */
struct agreement {
    int16_t best[FINGER_NEIGHBOURS];
};

/*
 * How well neighbour ${i} of one agrees with each of the other: what is left of the tolerance, or
 * 0. Returns the best, and keeps the best for each of the other.
 */
static int16_t agree(const struct finger_surroundings *one, unsigned i,
                     const struct finger_surroundings *other, struct agreement *others) {
    int16_t best = 0;
    for (unsigned j = 0; j < FINGER_NEIGHBOURS; j++) {
        int16_t along = size((int16_t)(one->along[i] - other->along[j]));
        int16_t across = size((int16_t)(one->across[i] - other->across[j]));
        int16_t turn = size((int8_t)(uint8_t)(one->turn[i] - other->turn[j]));
        int16_t tolerance = (int16_t)((one->tolerance[i] + other->tolerance[j] + 1) >> 1);
        int16_t cost = (int16_t)(along + across + ((turn + 1) >> 1));
        int16_t left = larger((int16_t)(tolerance - cost), 0);
        others->best[j] = larger(others->best[j], left);
        best = larger(best, left);
    }
    return best;
}

/* Adds what agrees for each neighbour of ${one}, and what should where ${other} sees. */
static void add_up(const struct finger_surroundings *one, const struct finger_surroundings *other,
                   const struct agreement *agreement, unsigned *agreeing, unsigned *expected) {
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++) {
        unsigned seen = other->visible >> 8 * one->cell_byte[i] & one->cell_bit[i];
        unsigned best = (unsigned)agreement->best[i];
        *agreeing += best * one->weight[i];
        *expected += (best | seen) != 0 ? (unsigned)one->tolerance[i] * one->weight[i] : 0;
    }
}

static uint16_t similarity(const struct finger_surroundings *one,
                           const struct finger_surroundings *other) {
    struct agreement of_one, of_other = {0};
    for (unsigned i = 0; i < FINGER_NEIGHBOURS; i++)
        of_one.best[i] = agree(one, i, other, &of_other);
    unsigned agreeing = 0, expected = 0;
    add_up(one, other, &of_one, &agreeing, &expected);
    add_up(other, one, &of_other, &agreeing, &expected);
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
