#include "authd/match/finger_scale.h"

#include "authd/match/finger.h"

/*
 * Evidence that a share of comparisons of different fingers reaches, and its score. Measured on
 * databases of the public evaluations FVC2000 and FVC2002 (docs/matching.md); beyond one in ten
 * thousand the line is continued, less steep.
 */
static const struct {
    float evidence;
    uint32_t score;
} knots[] = {{0, 0},
             {0.0005f, 250},
             {0.0009f, 500},
             {0.0015f, 1000},
             {0.0023f, 1500},
             {0.0032f, 2000},
             {0.0041f, 2500},
             {0.0055f, 3000},
             {0.0067f, 3500},
             {0.0088f, 4000},
             {0.0540f, FINGER_SCORE_MAX}};

enum { KNOTS = sizeof knots / sizeof *knots };

uint32_t finger_scale(float evidence) {
    for (unsigned i = 1; i < KNOTS; i++) {
        if (evidence >= knots[i].evidence)
            continue;
        float span = knots[i].evidence - knots[i - 1].evidence;
        float rise = (float)(knots[i].score - knots[i - 1].score);
        float above = evidence > knots[i - 1].evidence ? evidence - knots[i - 1].evidence : 0;
        return knots[i - 1].score + (uint32_t)(above / span * rise);
    }
    return FINGER_SCORE_MAX;
}
