#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "authd/match/iris_code_count.h"

/*
 * Daugman's normalisation, HDn = 0.5 − (0.5 − HD) √(n / 911), is of codes of 2048 bits: of these,
 * 911 are valid in both on the average. Codes of other sizes have the same share of their bits
 * there.
 */
#define USUAL_COMMON (911.0 / 2048.0)
/* At least a quarter of the bits, or chance decides. */
enum { COMMON_SHARE = 4, COLUMNS = IRIS_CODE_COLUMNS_STEP };

static bool is_comparable(const struct iris_code *one, const struct iris_code *other) {
    if (iris_code_words(one) == 0 || iris_code_words(one) > IRIS_CODE_WORDS_MAX)
        return false;
    if (memcmp(one->model, other->model, sizeof one->model) != 0)
        return false;
    if (one->rings != other->rings || one->planes != other->planes ||
        one->columns != other->columns)
        return false;
    return one->eye == other->eye || one->eye == IRIS_CODE_EYE_UNKNOWN ||
           other->eye == IRIS_CODE_EYE_UNKNOWN;
}

/* A ribbon that begins ${turn} columns before the first. */
static void lay_out(const struct iris_code *code, const uint64_t *words, unsigned turn,
                    uint64_t *ribbon) {
    unsigned rows = iris_code_rows(code), count = iris_code_words(code);
    for (unsigned i = 0; i < count + rows; i++) {
        uint64_t word = words[i < count ? i : i - count];
        uint64_t before = words[i < rows ? i + count - rows : i - rows];
        ribbon[i] = before << 1 << (COLUMNS - 1 - turn) | word >> turn;
    }
}

/* Rounded up, so that rounding never makes two codes more alike. */
static uint16_t in_steps(double distance) {
    double steps = ceil(distance * IRIS_CODE_DISTANCE_MAX);
    if (steps <= 0)
        return 0;
    return steps < IRIS_CODE_DISTANCE_MAX ? (uint16_t)steps : IRIS_CODE_DISTANCE_MAX;
}

/* The least distance over the turns; ERR_UNAVAILABLE when none has enough common bits. */
static enum err turn_all(iris_code_count *count, const struct iris_code_scratch *ribbon,
                         const struct iris_code *other, unsigned turn, uint16_t *distance) {
    unsigned bits = (unsigned)other->rings * other->planes * other->columns;
    double best = 0;
    bool found = false;
    for (unsigned shift = 0; shift <= 2 * turn; shift++) {
        struct iris_code_counts counts = count(ribbon, shift, other);
        if (counts.common * COMMON_SHARE < bits)
            continue;
        double share = (double)counts.different / counts.common;
        double normal = 0.5 - (0.5 - share) * sqrt(counts.common / (bits * USUAL_COMMON));
        if (!found || normal < best)
            best = normal;
        found = true;
    }
    if (!found)
        return ERR_UNAVAILABLE;
    *distance = in_steps(best);
    return ERR_OK;
}

enum err iris_code_compare_with(iris_code_count *count, struct iris_code_pair pair, unsigned turn,
                                struct iris_code_scratch *scratch, uint16_t *distance) {
    *distance = IRIS_CODE_DISTANCE_MAX;
    if (turn > IRIS_CODE_TURN_MAX)
        return ERR_TOO_LARGE;
    if (!is_comparable(pair.one, pair.other))
        return ERR_DENIED;
    lay_out(pair.one, pair.one->bits, turn, scratch->bits);
    lay_out(pair.one, pair.one->mask, turn, scratch->mask);
    enum err err = turn_all(count, scratch, pair.other, turn, distance);
    explicit_bzero(scratch, sizeof *scratch);
    return err;
}

enum err iris_code_compare(const struct iris_code *one, const struct iris_code *other,
                           unsigned turn, struct iris_code_scratch *scratch, uint16_t *distance) {
    return iris_code_compare_with(iris_code_count_best(),
                                  (struct iris_code_pair){.one = one, .other = other}, turn,
                                  scratch, distance);
}
