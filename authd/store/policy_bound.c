#include "authd/store/policy_bound.h"

#include <math.h>
#include <stdbool.h>

_Static_assert((int)POLICY_BIOMETRICS == (int)FALSE_MATCH_MODALITIES &&
                   (int)POLICY_FINGER == (int)FALSE_MATCH_FINGER &&
                   (int)POLICY_IRIS == (int)FALSE_MATCH_IRIS &&
                   (int)POLICY_FACE == (int)FALSE_MATCH_FACE,
               "both count modalities the same way");

#define SCORE_DECADE     1000 /* what a plug-in's score grows by where its rate is a tenth */
#define CERTAIN_EXPONENT 12

static const struct {
    uint32_t types; /* AUTH_TYPE_BITs that allow it */
    uint64_t rate;
    uint8_t presented, presented_most;
    uint16_t enrolled, enrolled_any;
} modalities[POLICY_BIOMETRICS] = {
    [POLICY_FINGER] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR),
                       POLICY_BOUND_RATE_FINGER, POLICY_BOUND_FINGERS, POLICY_BOUND_FINGERS_MOST,
                       ENROLLED_A_PART_MAX, ENROLLED_MAX},
    [POLICY_IRIS] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS), POLICY_BOUND_RATE_IRIS, POLICY_BOUND_IRISES,
                     POLICY_BOUND_IRISES_MOST, ENROLLED_A_PART_MAX, 2 * ENROLLED_A_PART_MAX},
    [POLICY_FACE] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE), POLICY_BOUND_RATE_FACE, POLICY_BOUND_FACES,
                     POLICY_BOUND_FACES_MOST, ENROLLED_A_PART_MAX, ENROLLED_A_PART_MAX},
};

static void let_nothing_pass(struct policy_thresholds *thresholds) {
    thresholds->finger = UINT32_MAX;
    thresholds->iris = INT32_MIN;
    thresholds->face = INT32_MAX;
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++)
        thresholds->plugin[i] = UINT32_MAX;
}

/* 1000 · −log10 of the rate, rounded to the stricter side; no policy is so lenient that hardly
 * anything passes, as the tables of our own matchers have it too. */
static uint32_t plugin_score(uint64_t rate) {
    double score = ceil(SCORE_DECADE * (CERTAIN_EXPONENT - log10((double)rate)));
    return score > FINGER_SCORE_FMR_1E2 ? (uint32_t)score : FINGER_SCORE_FMR_1E2;
}

/* The threshold of the matcher on the box; that of a plug-in needs no table. */
static enum err set_threshold(struct policy_thresholds *thresholds, enum policy_biometric modality,
                              const struct false_match_table *face) {
    const struct false_match_table *const tables[POLICY_BIOMETRICS] = {
        [POLICY_FINGER] = &false_match_table_finger,
        [POLICY_IRIS] = &false_match_table_iris,
        [POLICY_FACE] = face,
    };
    int32_t threshold;
    thresholds->plugin[modality] = plugin_score(thresholds->rate[modality]);
    if (tables[modality] == NULL)
        return ERR_OK;
    if (false_match_table_threshold(tables[modality], thresholds->rate[modality], &threshold) !=
        ERR_OK)
        return ERR_CONFIG;
    if (modality == POLICY_FINGER)
        thresholds->finger = (uint32_t)threshold;
    else if (modality == POLICY_IRIS)
        thresholds->iris = threshold;
    else
        thresholds->face = threshold;
    return ERR_OK;
}

static enum err use_modality(const struct policy_biometrics *biometrics,
                             enum policy_biometric modality, struct policy_thresholds *thresholds) {
    uint64_t rate = biometrics->rate[modality];
    uint8_t presented = biometrics->presented[modality];
    if (rate > FALSE_MATCH_CERTAIN || presented > modalities[modality].presented_most)
        return ERR_CONFIG;
    thresholds->rate[modality] = rate != 0 ? rate : modalities[modality].rate;
    thresholds->presented[modality] = presented != 0 ? presented : modalities[modality].presented;
    thresholds->enrolled[modality] = biometrics->any_position ? modalities[modality].enrolled_any
                                                              : modalities[modality].enrolled;
    return ERR_OK;
}

static enum err fill(const struct policy *policy, const struct false_match_table *face,
                     struct policy_thresholds *thresholds) {
    struct false_match_policy arithmetic = {.rule = FALSE_MATCH_ANY,
                                            .ceiling = thresholds->ceiling};
    bool used = false;
    for (enum policy_biometric i = 0; i < POLICY_BIOMETRICS; i++) {
        if ((policy->allowed & modalities[i].types) == 0)
            continue;
        ERR_TRY(use_modality(&policy->biometrics, i, thresholds));
        ERR_TRY(set_threshold(thresholds, i, face));
        arithmetic.uses[i] = (struct false_match_use){.rate = thresholds->rate[i],
                                                      .presented = thresholds->presented[i],
                                                      .enrolled = thresholds->enrolled[i],
                                                      .tries = POLICY_BOUND_TRIES};
        used = true;
    }
    return used ? false_match_check(&arithmetic, &thresholds->bound) : ERR_OK;
}

enum err policy_bound_check(const struct policy *policy, const struct false_match_table *face,
                            struct policy_thresholds *thresholds) {
    uint64_t ceiling = policy->biometrics.ceiling;
    *thresholds =
        (struct policy_thresholds){.ceiling = ceiling != 0 ? ceiling : POLICY_BOUND_CEILING};
    let_nothing_pass(thresholds);
    enum err err = fill(policy, face, thresholds);
    if (err == ERR_OK)
        return ERR_OK;
    let_nothing_pass(thresholds);
    return err;
}
