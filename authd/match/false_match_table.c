#include "authd/match/false_match_table.h"

#include <stdbool.h>

#include "authd/match/finger.h"

/*
 * The matcher's own scale, which was measured on impressions of real fingers; nothing is claimed
 * below one in ten thousand, for that is as far as these go.
 */
static const struct false_match_row finger_rows[] = {
    {FINGER_SCORE_FMR_1E2, 10000000000},
    {FINGER_SCORE_FMR_1E3, 1000000000},
    {FINGER_SCORE_FMR_1E4, 100000000},
};

const struct false_match_table false_match_table_finger = {
    .measure = FALSE_MATCH_SCORE,
    .count = sizeof finger_rows / sizeof *finger_rows,
    .rows = finger_rows,
};

/*
 * A model: the tail of a binomial distribution of 200 degrees of freedom, fewer than the 249 that
 * Daugman measured on real irises, times the 31 turns that a comparison may try. Synthetic codes
 * stay below it, row by row (test_iris_impostors). docs/matching-iris-face.md has the arithmetic.
 */
static const struct false_match_row iris_rows[] = {
    {4000, 88119917950}, {3900, 35331296778}, {3800, 13098584143}, {3700, 4483766589},
    {3600, 1415121416},  {3500, 411195712},   {3400, 109841150},   {3300, 26932598},
    {3200, 6051926},     {3100, 1244171},     {3000, 233595},
};

const struct false_match_table false_match_table_iris = {
    .measure = FALSE_MATCH_DISTANCE,
    .count = sizeof iris_rows / sizeof *iris_rows,
    .rows = iris_rows,
};

static bool is_stricter(const struct false_match_table *table, int32_t one, int32_t other) {
    return table->measure == FALSE_MATCH_SCORE ? one > other : one < other;
}

enum err false_match_table_check(const struct false_match_table *table) {
    if (table->measure > FALSE_MATCH_DISTANCE || table->count == 0)
        return ERR_CONFIG;
    for (size_t i = 0; i < table->count; i++) {
        const struct false_match_row *row = &table->rows[i];
        if (row->rate == 0 || row->rate > FALSE_MATCH_CERTAIN)
            return ERR_CONFIG;
        if (i > 0 &&
            (!is_stricter(table, row->threshold, row[-1].threshold) || row->rate >= row[-1].rate))
            return ERR_CONFIG;
    }
    return ERR_OK;
}

uint64_t false_match_table_rate(const struct false_match_table *table, int32_t threshold) {
    uint64_t rate = FALSE_MATCH_CERTAIN;
    if (false_match_table_check(table) != ERR_OK)
        return rate;
    for (size_t i = 0; i < table->count; i++)
        if (!is_stricter(table, table->rows[i].threshold, threshold))
            rate = table->rows[i].rate;
    return rate;
}

enum err false_match_table_threshold(const struct false_match_table *table, uint64_t rate,
                                     int32_t *threshold) {
    *threshold = table->measure == FALSE_MATCH_SCORE ? INT32_MAX : INT32_MIN;
    ERR_TRY(false_match_table_check(table));
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].rate <= rate) {
            *threshold = table->rows[i].threshold;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}
