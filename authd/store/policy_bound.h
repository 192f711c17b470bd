#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/match/false_match.h"
#include "authd/store/programme.h"

/*
 * What a policy's biometric thresholds come to, by the arithmetic of false_match.h: presented ×
 * enrolled × tries, where enrolled is ENROLLED_A_PART_MAX, or ENROLLED_MAX under any_position, and
 * tries are what biometric_tries.h gives before it makes people wait. Since a request may use any
 * of the modalities that the policy allows, their probabilities add up.
 */
#define POLICY_BOUND_TRIES 5

/* Thresholds that a request of this policy is decided by. A modality that it does not allow, or has
 * no table for, has one that nothing passes. */
struct policy_thresholds {
    uint32_t finger; /* finger_compare: at least */
    uint16_t iris;   /* iris_code_compare: at most */
    int32_t face;    /* face_vector_compare: at least; nothing passes without a model */
    uint32_t plugin[POLICY_BIOMETRICS];   /* a plug-in's score: at least */
    uint8_t presented[POLICY_BIOMETRICS]; /* at most */
    struct false_match_bound bound;       /* what it comes to */
    uint64_t ceiling;
};

/* ${face}: the table of the configured face model, or NULL. ERR_DENIED: above its ceiling;
 * ERR_CONFIG: a rate that no table claims, a count over what there can be. ${thresholds} is then
 * one that nothing passes; of ERR_DENIED, with the bound. A policy that allows no biometrics is
 * ERR_OK. */
MUST_CHECK enum err policy_bound_check(const struct policy *policy,
                                       const struct false_match_table *face,
                                       struct policy_thresholds *thresholds);
