#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/best_finger_record.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_workspace.h"

/*
 * Whether what is presented of one modality is the person's, at a policy's thresholds. Pure.
 *
 * A threshold's false match rate is of one comparison, and the policy's bound counts presented ×
 * enrolled of them (policy_bound.h). So it holds for whatever passes when one comparison passes,
 * and for whatever takes several into one score of the same scale:
 *
 * - Fingers of known position meet the enrolled impressions of that position: one score a finger
 *   (finger_fuse_impressions), and one of all fingers (finger_fuse_fingers), which decides. They
 * are different fingers, as that formula asks, for no position may be presented twice.
 * - A finger of unknown position could be the same as another one, so it is taken by itself: under
 *   any_position it meets each enrolled finger, and the best decides; else it is of nobody.
 * - Of irises the closest pair of codes of the same eye decides. Two eyes are no more than the
 *   better of them: the bound counts both.
 * - Of faces the most similar pair decides.
 * - A plug-in's scores have its own threshold; what it compared is fused alike and passes beside
 *   what was compared here. No pair is compared twice.
 */
struct biometric_comparison {
    const struct biometric_exchange *exchange; /* thresholds, a plug-in's scores */
    struct biometric_workspace *workspace;     /* samples and enrolled, and where to compare */
    bool any_position;                         /* of the policy */
    const struct face_vector_model *face;      /* NULL: no face is compared */
};

struct biometric_verdict {
    bool is_enrolled; /* something of this modality is */
    bool passed;
    size_t seen_count; /* of fingers: those that were compared */
    struct best_finger_seen seen[BIOMETRIC_SEGMENTS_MAX];
};

void biometric_score_finger(const struct biometric_comparison *comparison,
                            struct biometric_verdict *verdict);
void biometric_score_iris(const struct biometric_comparison *comparison,
                          struct biometric_verdict *verdict);
void biometric_score_face(const struct biometric_comparison *comparison,
                          struct biometric_verdict *verdict);

/*
 * One presented image against the enrolled templates, of which ${scores} are a plug-in's, one for
 * each of ${enrolled} that is ${plugin}'s template of ${modality}, in their order.
 */
struct biometric_plugin_pairs {
    const struct enrolled *enrolled;
    const char *plugin;
    enum biometric_modality modality;
    uint8_t position; /* of the image; 0: not known */
    bool any_position;
};
/* Whether ${part} is one of those. */
bool biometric_score_is_pair(const struct biometric_plugin_pairs *pairs,
                             const struct enrolled_part *part);
void biometric_score_plugin(const struct biometric_plugin_pairs *pairs, const uint32_t *scores,
                            struct biometric_plugin_score *result);
