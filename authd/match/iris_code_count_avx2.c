#include <immintrin.h>

#include "authd/match/iris_code_count.h"

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 static inline __attribute__((always_inline))

AVX2_INLINE __m256i four_words(const uint64_t *words) {
    return _mm256_loadu_si256((const void *)words);
}

/* 64 columns of four rows; a shift by 64 gives zeroes here. */
AVX2_INLINE __m256i shifted(const uint64_t *words, unsigned rows, __m128i up, __m128i down) {
    return _mm256_or_si256(_mm256_sll_epi64(four_words(words), up),
                           _mm256_srl_epi64(four_words(words + rows), down));
}

/* The bits of each word, by looking both halves of every byte up. */
AVX2_INLINE __m256i bits_of(__m256i words) {
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i bits_of_half =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i bytes = _mm256_add_epi8(
        _mm256_shuffle_epi8(bits_of_half, _mm256_and_si256(words, low)),
        _mm256_shuffle_epi8(bits_of_half, _mm256_and_si256(_mm256_srli_epi16(words, 4), low)));
    return _mm256_sad_epu8(bytes, _mm256_setzero_si256());
}

AVX2_INLINE uint32_t sum_of(__m256i words) {
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

AVX2 struct iris_code_counts iris_code_count_avx2(const struct iris_code_scratch *ribbon,
                                                  unsigned shift, const struct iris_code *other) {
    unsigned rows = iris_code_rows(other), words = iris_code_words(other);
    const __m128i up = _mm_cvtsi32_si128((int)shift), down = _mm_cvtsi32_si128(64 - (int)shift);
    __m256i common = _mm256_setzero_si256(), different = _mm256_setzero_si256();
    for (unsigned i = 0; i < words; i += 4) {
        __m256i mask = _mm256_and_si256(shifted(&ribbon->mask[i], rows, up, down),
                                        four_words(&other->mask[i]));
        __m256i bits = _mm256_xor_si256(shifted(&ribbon->bits[i], rows, up, down),
                                        four_words(&other->bits[i]));
        common = _mm256_add_epi64(common, bits_of(mask));
        different = _mm256_add_epi64(different, bits_of(_mm256_and_si256(bits, mask)));
    }
    return (struct iris_code_counts){.common = sum_of(common), .different = sum_of(different)};
}
