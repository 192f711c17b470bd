#include <math.h>
#include <stdlib.h>

#include "tests/bench/jose_timing_compare.h"

#define KOLMOGOROV_TERMS 100

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The chance that Kolmogorov's statistic exceeds ${value}. */
static double kolmogorov(double value) {
    double sum = 0;
    if (value < 0.3) /* the series converges slowly there, and nothing could be more ordinary */
        return 1;
    for (int term = 1; term <= KOLMOGOROV_TERMS; term++)
        sum += (term % 2 == 1 ? 2 : -2) * exp(-2.0 * term * term * value * value);
    return fmin(fmax(sum, 0), 1);
}

/* One walk through both in order: at each time, how many of either have left by then. */
void jose_timing_compare(int64_t *first, size_t first_count, int64_t *second, size_t second_count,
                         struct jose_timing_comparison *comparison) {
    double n = (double)first_count, m = (double)second_count;
    double distance = 0, later = 0, ties = 0;
    qsort(first, first_count, sizeof *first, ascending);
    qsort(second, second_count, sizeof *second, ascending);
    for (size_t i = 0, j = 0; i < first_count || j < second_count;) {
        size_t i_before = i, j_before = j;
        bool is_first = j == second_count || (i < first_count && first[i] <= second[j]);
        int64_t now = is_first ? first[i] : second[j];
        while (i < first_count && first[i] == now)
            i++;
        while (j < second_count && second[j] == now)
            j++;
        double of_first = (double)(i - i_before), of_second = (double)(j - j_before);
        double tied = of_first + of_second;
        later += of_first * ((double)j_before + of_second / 2);
        ties += tied * tied * tied - tied;
        distance = fmax(distance, fabs((double)i / n - (double)j / m));
    }
    double all = n + m;
    double spread = sqrt(n * m / 12 * (all + 1 - ties / (all * (all - 1))));
    double root = sqrt(n * m / all);
    *comparison = (struct jose_timing_comparison){
        .distance = distance,
        .distance_p = kolmogorov((root + 0.12 + 0.11 / root) * distance),
        .shift = later / (n * m) - 0.5,
        .shift_p = spread > 0 ? erfc(fabs(later - n * m / 2) / spread / sqrt(2)) : 1,
        .median_us = {(double)first[first_count / 2] / 1000,
                      (double)second[second_count / 2] / 1000}};
}
