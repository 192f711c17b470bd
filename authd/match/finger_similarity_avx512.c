#include <immintrin.h>

#include "authd/match/finger_similarity.h"

#include "authd/match/finger_parameters.h"

#define AVX512        __attribute__((target("avx512bw,avx512vl")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

/* Sixteen neighbours in all four quarters. */
AVX512_INLINE __m512i four_times(const void *bytes) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(bytes));
}

/* Neighbours i, i + 4, i + 8 and i + 12 of the one, each against sixteen of the other. */
AVX512_INLINE __m512i agreement(const __m512i one[4], const __m512i other[4], __m512i pick) {
    __m512i along = _mm512_abs_epi8(_mm512_subs_epi8(_mm512_shuffle_epi8(one[0], pick), other[0]));
    __m512i across = _mm512_abs_epi8(_mm512_subs_epi8(_mm512_shuffle_epi8(one[1], pick), other[1]));
    __m512i turn = _mm512_abs_epi8(_mm512_sub_epi8(_mm512_shuffle_epi8(one[2], pick), other[2]));
    __m512i tolerance = _mm512_avg_epu8(_mm512_shuffle_epi8(one[3], pick), other[3]);
    __m512i cost = _mm512_adds_epu8(_mm512_adds_epu8(along, across),
                                    _mm512_avg_epu8(turn, _mm512_setzero_si512()));
    return _mm512_subs_epu8(tolerance, cost);
}

/* Where one's neighbours are in a cell that the other sees. */
AVX512_INLINE __mmask16 seen(const struct finger_surroundings *one,
                             const struct finger_surroundings *other) {
    __m128i bytes = _mm_shuffle_epi8(_mm_cvtsi64_si128((long long)other->visible),
                                     _mm_loadu_si128((const void *)one->cell_byte));
    return _mm_test_epi8_mask(bytes, _mm_loadu_si128((const void *)one->cell_bit));
}

/* For each of sixteen rows, r + 4 q of quarter q, the largest of its bytes. */
AVX512_INLINE __m128i largest_of_rows(const __m512i row[4]) {
    __m512i two[2];
    for (unsigned i = 0; i < 2; i++)
        two[i] = _mm512_max_epu8(_mm512_unpacklo_epi8(row[2 * i], row[2 * i + 1]),
                                 _mm512_unpackhi_epi8(row[2 * i], row[2 * i + 1]));
    __m512i four = _mm512_max_epu8(_mm512_unpacklo_epi16(two[0], two[1]),
                                   _mm512_unpackhi_epi16(two[0], two[1]));
    four = _mm512_max_epu8(four, _mm512_unpackhi_epi64(four, four));
    four = _mm512_max_epu8(four, _mm512_srli_epi64(four, 32));
    return _mm512_castsi512_si128(_mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), four));
}

AVX512_INLINE __m128i largest_of_columns(const __m512i row[4]) {
    __m512i all = _mm512_max_epu8(_mm512_max_epu8(row[0], row[1]), _mm512_max_epu8(row[2], row[3]));
    __m256i half = _mm256_max_epu8(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_max_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* What agrees and what should, of one's neighbours: two sums in pieces of 16 bits. */
AVX512_INLINE void add_up(const struct finger_surroundings *one,
                          const struct finger_surroundings *other, __m128i best, __m128i sum[2]) {
    __m128i weight = _mm_loadu_si128((const void *)one->weight);
    __mmask16 expected = seen(one, other) | _mm_test_epi8_mask(best, best);
    __m128i tolerance = _mm_maskz_mov_epi8(expected, _mm_loadu_si128((const void *)one->tolerance));
    sum[0] = _mm_add_epi16(sum[0], _mm_maddubs_epi16(best, weight));
    sum[1] = _mm_add_epi16(sum[1], _mm_maddubs_epi16(tolerance, weight));
}

AVX512_INLINE uint16_t quotient(const __m128i sum[2]) {
    const __m128i ones = _mm_set1_epi16(1);
    __m128i both = _mm_hadd_epi32(_mm_madd_epi16(sum[0], ones), _mm_madd_epi16(sum[1], ones));
    both = _mm_add_epi32(both, _mm_srli_epi64(both, 32));
    return FINGER_SIMILARITY(_mm_cvtsi128_si32(both), _mm_extract_epi32(both, 2));
}

AVX512 void finger_similarity_avx512(const struct finger_surroundings *one,
                                     const struct finger_surroundings *others, unsigned count,
                                     uint16_t *similarity) {
    const __m512i place[4] = {four_times(one->along), four_times(one->across),
                              four_times(one->turn), four_times(one->tolerance)};
    const __m512i quarter =
        _mm512_setr_epi64(0, 0, 0x0404040404040404, 0x0404040404040404, 0x0808080808080808,
                          0x0808080808080808, 0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c);
    for (unsigned k = 0; k < count; k++) {
        const struct finger_surroundings *other = &others[k];
        const __m512i there[4] = {four_times(other->along), four_times(other->across),
                                  four_times(other->turn), four_times(other->tolerance)};
        __m512i row[4];
        for (unsigned i = 0; i < 4; i++)
            row[i] = agreement(place, there, _mm512_add_epi8(quarter, _mm512_set1_epi8((char)i)));
        __m128i sum[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
        add_up(one, other, largest_of_rows(row), sum);
        add_up(other, one, largest_of_columns(row), sum);
        similarity[k] = quotient(sum);
    }
}
