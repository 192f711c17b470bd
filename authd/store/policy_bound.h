#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/match/false_match.h"
#include "authd/store/enrolled.h"
#include "authd/store/programme.h"

/*
 * What a policy's biometric thresholds come to, by the arithmetic of false_match.h: presented ×
 * enrolled × tries. Enrolled is ENROLLED_A_PART_MAX; under any_position, where what is presented
 * meets all that is enrolled of its modality, ENROLLED_MAX fingers and two eyes. Tries are what
 * biometric_tries.h gives before it makes people wait. Since a request may use any of the
 * modalities that the policy allows, their probabilities add up. bio-FMR and bio-Finger are one.
 *
 * What a policy leaves open: one in 10,000 comparisons of fingers, in 1,000,000 of eyes, in 10,000
 * of faces; two fingers, two eyes, one face in a request; one in 100 for a transaction. With all
 * three that comes to 0.00604: 1e-4 × 2 × 4 × 5 + 1e-6 × 2 × 4 × 5 + 1e-4 × 1 × 4 × 5.
 */
#define POLICY_BOUND_TRIES        5
#define POLICY_BOUND_RATE_FINGER  (FALSE_MATCH_CERTAIN / 10000)
#define POLICY_BOUND_RATE_IRIS    (FALSE_MATCH_CERTAIN / 1000000)
#define POLICY_BOUND_RATE_FACE    (FALSE_MATCH_CERTAIN / 10000)
#define POLICY_BOUND_CEILING      (FALSE_MATCH_CERTAIN / 100)
#define POLICY_BOUND_FINGERS      2
#define POLICY_BOUND_IRISES       2
#define POLICY_BOUND_FACES        1
#define POLICY_BOUND_FINGERS_MOST 10
#define POLICY_BOUND_IRISES_MOST  2
#define POLICY_BOUND_FACES_MOST   1

/* Thresholds that a request of this policy is decided by. A modality that it does not allow, or has
 * no table for, has one that nothing passes. */
struct policy_thresholds {
    uint32_t finger; /* finger_compare: at least */
    int32_t iris; /* iris_code_compare: at most; below 0 nothing passes, not even the same code */
    int32_t face; /* face_vector_compare: at least; nothing passes without a model */
    uint32_t plugin[POLICY_BIOMETRICS];   /* a plug-in's score: at least */
    uint8_t presented[POLICY_BIOMETRICS]; /* at most; 0: not allowed */
    uint64_t rate[POLICY_BIOMETRICS];     /* what the policy or the box asks of one comparison */
    uint16_t enrolled[POLICY_BIOMETRICS]; /* what one presented meets, at most */
    struct false_match_bound bound;       /* what it comes to */
    uint64_t ceiling;
};

/*
 * ${face}: the table of the configured face model, or NULL. ERR_DENIED: above its ceiling;
 * ERR_CONFIG: a rate that no table claims, a count over what there can be. No threshold is then one
 * that anything passes; of ERR_DENIED, rates, counts, bound and ceiling tell the arithmetic. A
 * policy that allows no biometrics is ERR_OK.
 */
MUST_CHECK enum err policy_bound_check(const struct policy *policy,
                                       const struct false_match_table *face,
                                       struct policy_thresholds *thresholds);
