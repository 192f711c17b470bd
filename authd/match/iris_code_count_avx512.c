#include <immintrin.h>

#include "authd/match/iris_code_count.h"

#define AVX512 __attribute__((target("avx512f,avx512vpopcntdq")))

AVX512 struct iris_code_counts iris_code_count_avx512(const struct iris_code_scratch *ribbon,
                                                      unsigned shift,
                                                      const struct iris_code *other) {
    unsigned rows = iris_code_rows(other), words = iris_code_words(other);
    const __m128i up = _mm_cvtsi32_si128((int)shift), down = _mm_cvtsi32_si128(64 - (int)shift);
    __m512i common = _mm512_setzero_si512(), different = _mm512_setzero_si512();
    for (unsigned i = 0; i < words; i += 8) {
        /* A shift by 64 gives zeroes here. */
        __m512i bits =
            _mm512_or_si512(_mm512_sll_epi64(_mm512_loadu_si512(&ribbon->bits[i]), up),
                            _mm512_srl_epi64(_mm512_loadu_si512(&ribbon->bits[i + rows]), down));
        __m512i mask =
            _mm512_or_si512(_mm512_sll_epi64(_mm512_loadu_si512(&ribbon->mask[i]), up),
                            _mm512_srl_epi64(_mm512_loadu_si512(&ribbon->mask[i + rows]), down));
        mask = _mm512_and_si512(mask, _mm512_loadu_si512(&other->mask[i]));
        bits = _mm512_xor_si512(bits, _mm512_loadu_si512(&other->bits[i]));
        common = _mm512_add_epi64(common, _mm512_popcnt_epi64(mask));
        different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_and_si512(bits, mask)));
    }
    return (struct iris_code_counts){.common = (uint32_t)_mm512_reduce_add_epi64(common),
                                     .different = (uint32_t)_mm512_reduce_add_epi64(different)};
}
