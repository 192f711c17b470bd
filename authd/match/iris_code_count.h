#pragma once

#include "authd/match/finger_similarity.h"
#include "authd/match/iris_code_scratch.h"

/* How many bits are valid in two codes, and in how many of these the codes differ. */
struct iris_code_counts {
    uint32_t common, different;
};

/*
 * Counts for ${ribbon}, from its column ${shift} (< 64) on, and ${other}. ${ribbon} has one word
 * column, of as many rows as ${other}'s, more than ${other}.
 */
typedef struct iris_code_counts iris_code_count(const struct iris_code_scratch *ribbon,
                                                unsigned shift, const struct iris_code *other);

/* The paths are those of the fingerprint matcher. NULL when this processor lacks it. */
iris_code_count *iris_code_count_of(enum finger_path path);
/* The fastest that this processor has. */
iris_code_count *iris_code_count_best(void);

iris_code_count iris_code_count_plain;
iris_code_count iris_code_count_avx2;
iris_code_count iris_code_count_avx512;

/* iris_code_compare by one code path, for tests that hold the paths against each other. */
struct iris_code_pair {
    const struct iris_code *one, *other;
};
MUST_CHECK enum err iris_code_compare_with(iris_code_count *count, struct iris_code_pair pair,
                                           unsigned turn, struct iris_code_scratch *scratch,
                                           uint16_t *distance);
