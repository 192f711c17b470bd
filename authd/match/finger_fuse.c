#include "authd/match/finger_fuse.h"

#include "authd/match/finger.h"
#include "authd/match/finger_logarithm.h"

#define LN10 2.302585092994046

/*
 * What a template that was made for it reaches against everybody, without matching anybody: scores
 * of strangers are 434 on average then no longer, but 650. Ten fingers of that added up to one in a
 * hundred where one in ten thousand was asked for. So a score adds up from here on only.
 */
enum { SAYS_NOTHING = 500 };

/* 1000 · log10 ${x}. */
static double thousandths(double x) {
    return finger_logarithm(x) * (1000 / LN10);
}

static uint32_t score_of(double score) {
    return score <= 0 ? 0 : score >= FINGER_SCORE_MAX ? FINGER_SCORE_MAX : (uint32_t)(score + 0.5);
}

uint32_t finger_fuse_impressions(const uint32_t *scores, size_t count) {
    uint32_t best = 0, second = 0;
    for (size_t i = 0; i < count; i++) {
        if (scores[i] > best) {
            second = best;
            best = scores[i];
        } else if (scores[i] > second) {
            second = scores[i];
        }
    }
    if (count < 2)
        return score_of(best);
    return score_of((best + (double)second) / 2 - thousandths(((double)count + 1) / 2));
}

/*
 * 1000 · −log10 of the probability that ${count} independent scores add up to ${sum} by chance:
 * each is exponentially distributed then, the sum of them as Erlang found. The largest term of his
 * sum is taken out, so that none overflows.
 */
static double together(double sum, size_t count) {
    double natural = sum * LN10 / 1000, term = 1, terms = 0, scale = 0;
    for (size_t k = 0; k < count; k++) {
        terms += term;
        term *= natural / (double)(k + 1);
        if (terms > 1e100) {
            terms /= 1e100;
            term /= 1e100;
            scale += 100 * 1000;
        }
    }
    return sum - scale - thousandths(terms);
}

uint32_t finger_fuse_fingers(const uint32_t *scores, size_t count) {
    double sum = 0, best = 0;
    for (size_t i = 0; i < count; i++) {
        sum += scores[i] > SAYS_NOTHING ? scores[i] - SAYS_NOTHING : 0;
        best = scores[i] > best ? scores[i] : best;
    }
    if (count < 2)
        return score_of(best);
    double all = together(sum, count), one = best - thousandths((double)count);
    return score_of((all > one ? all : one) - thousandths(2));
}
