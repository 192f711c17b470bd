#include "authd/match/iris_code_count.h"

/* 64 columns from ${shift} on, of two words that follow one another. */
static uint64_t shifted(uint64_t word, uint64_t next, unsigned shift) {
    return word << shift | next >> 1 >> (63 - shift);
}

struct iris_code_counts iris_code_count_plain(const struct iris_code_scratch *ribbon,
                                              unsigned shift, const struct iris_code *other) {
    struct iris_code_counts counts = {0};
    unsigned rows = iris_code_rows(other), words = iris_code_words(other);
    for (unsigned i = 0; i < words; i++) {
        uint64_t bits = shifted(ribbon->bits[i], ribbon->bits[i + rows], shift);
        uint64_t mask = shifted(ribbon->mask[i], ribbon->mask[i + rows], shift);
        uint64_t common = mask & other->mask[i];
        counts.common += (uint32_t)__builtin_popcountll(common);
        counts.different += (uint32_t)__builtin_popcountll((bits ^ other->bits[i]) & common);
    }
    return counts;
}

/* Which processors have a path is the fingerprint matcher's to say; AVX-512 counts bits besides. */
iris_code_count *iris_code_count_of(enum finger_path path) {
    static iris_code_count *const counts[FINGER_PATHS] = {
        [FINGER_PLAIN] = iris_code_count_plain,
        [FINGER_AVX2] = iris_code_count_avx2,
        [FINGER_AVX512] = iris_code_count_avx512,
    };
    if (finger_similarity_of(path) == NULL)
        return NULL;
    if (path == FINGER_AVX512 && !__builtin_cpu_supports("avx512vpopcntdq"))
        return NULL;
    return counts[path];
}

iris_code_count *iris_code_count_best(void) {
    iris_code_count *best = iris_code_count_plain;
    for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++)
        if (iris_code_count_of(path) != NULL)
            best = iris_code_count_of(path);
    return best;
}
