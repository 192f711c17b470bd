#include <immintrin.h>

#include "authd/match/finger_similarity.h"

#include "authd/match/finger_parameters.h"

#define AVX2        __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 static inline __attribute__((always_inline))

/* Sixteen neighbours in both halves. */
AVX2_INLINE __m256i twice(const void *bytes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes));
}

/* Neighbours i and i + 8 of the one, each against sixteen of the other. */
AVX2_INLINE __m256i agreement(const __m256i one[4], const __m256i other[4], __m256i pick) {
    __m256i along = _mm256_abs_epi8(_mm256_subs_epi8(_mm256_shuffle_epi8(one[0], pick), other[0]));
    __m256i across = _mm256_abs_epi8(_mm256_subs_epi8(_mm256_shuffle_epi8(one[1], pick), other[1]));
    __m256i turn = _mm256_abs_epi8(_mm256_sub_epi8(_mm256_shuffle_epi8(one[2], pick), other[2]));
    __m256i tolerance = _mm256_avg_epu8(_mm256_shuffle_epi8(one[3], pick), other[3]);
    __m256i cost = _mm256_adds_epu8(_mm256_adds_epu8(along, across),
                                    _mm256_avg_epu8(turn, _mm256_setzero_si256()));
    return _mm256_subs_epu8(tolerance, cost);
}

/* Where one's neighbours are in a cell that the other sees: all bits. */
AVX2_INLINE __m128i seen(const struct finger_surroundings *one,
                         const struct finger_surroundings *other) {
    __m128i cell_bit = _mm_loadu_si128((const void *)one->cell_bit);
    __m128i bytes = _mm_shuffle_epi8(_mm_cvtsi64_si128((long long)other->visible),
                                     _mm_loadu_si128((const void *)one->cell_byte));
    return _mm_cmpeq_epi8(_mm_and_si128(bytes, cell_bit), cell_bit);
}

/* For each of sixteen rows, r of the lower half and 8 + r of the upper, the largest of its bytes.
 */
AVX2_INLINE __m128i largest_of_rows(const __m256i row[8]) {
    __m256i two[4], four[2];
    for (unsigned i = 0; i < 4; i++)
        two[i] = _mm256_max_epu8(_mm256_unpacklo_epi8(row[2 * i], row[2 * i + 1]),
                                 _mm256_unpackhi_epi8(row[2 * i], row[2 * i + 1]));
    for (unsigned i = 0; i < 2; i++)
        four[i] = _mm256_max_epu8(_mm256_unpacklo_epi16(two[2 * i], two[2 * i + 1]),
                                  _mm256_unpackhi_epi16(two[2 * i], two[2 * i + 1]));
    __m256i eight = _mm256_max_epu8(_mm256_unpacklo_epi32(four[0], four[1]),
                                    _mm256_unpackhi_epi32(four[0], four[1]));
    eight = _mm256_max_epu8(eight, _mm256_unpackhi_epi64(eight, eight));
    return _mm_unpacklo_epi64(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
}

/* What agrees and what should, of one's neighbours: two sums in each of four lanes of 16 bits
 * pairs. */
AVX2_INLINE void add_up(const struct finger_surroundings *one,
                        const struct finger_surroundings *other, __m128i best, __m128i sum[2]) {
    __m128i weight = _mm_loadu_si128((const void *)one->weight);
    __m128i tolerance = _mm_loadu_si128((const void *)one->tolerance);
    __m128i none = _mm_cmpeq_epi8(best, _mm_setzero_si128());
    __m128i unexpected = _mm_andnot_si128(seen(one, other), none);
    sum[0] = _mm_add_epi16(sum[0], _mm_maddubs_epi16(best, weight));
    sum[1] =
        _mm_add_epi16(sum[1], _mm_maddubs_epi16(_mm_andnot_si128(unexpected, tolerance), weight));
}

AVX2_INLINE uint16_t quotient(const __m128i sum[2]) {
    const __m128i ones = _mm_set1_epi16(1);
    __m128i both = _mm_hadd_epi32(_mm_madd_epi16(sum[0], ones), _mm_madd_epi16(sum[1], ones));
    both = _mm_add_epi32(both, _mm_srli_epi64(both, 32));
    return FINGER_SIMILARITY(_mm_cvtsi128_si32(both), _mm_extract_epi32(both, 2));
}

AVX2 void finger_similarity_avx2(const struct finger_surroundings *one,
                                 const struct finger_surroundings *others, unsigned count,
                                 uint16_t *similarity) {
    const __m256i place[4] = {twice(one->along), twice(one->across), twice(one->turn),
                              twice(one->tolerance)};
    const __m256i first = _mm256_set_m128i(_mm_set1_epi8(8), _mm_setzero_si128());
    for (unsigned k = 0; k < count; k++) {
        const struct finger_surroundings *other = &others[k];
        const __m256i there[4] = {twice(other->along), twice(other->across), twice(other->turn),
                                  twice(other->tolerance)};
        __m256i row[8], column = _mm256_setzero_si256();
        for (unsigned i = 0; i < 8; i++) {
            row[i] = agreement(place, there, _mm256_add_epi8(first, _mm256_set1_epi8((char)i)));
            column = _mm256_max_epu8(column, row[i]);
        }
        __m128i sum[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
        add_up(one, other, largest_of_rows(row), sum);
        add_up(other, one,
               _mm_max_epu8(_mm256_castsi256_si128(column), _mm256_extracti128_si256(column, 1)),
               sum);
        similarity[k] = quotient(sum);
    }
}
