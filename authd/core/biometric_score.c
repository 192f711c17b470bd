#include <string.h>

#include "authd/core/biometric_score.h"

#include "authd/match/finger_fuse.h"
#include "authd/wire/biometric_name.h"

enum { FINGERS_LAST = 10 };

/* ---- fingers ---- */

/* Scores of fingers of known position. */
struct known {
    size_t count;
    uint32_t scores[BIOMETRIC_SEGMENTS_MAX];
};

static void see(struct biometric_verdict *verdict, uint8_t position, bool matched) {
    for (size_t i = 0; i < verdict->seen_count; i++) {
        if (verdict->seen[i].position == position) {
            verdict->seen[i].matched = verdict->seen[i].matched || matched;
            return;
        }
    }
    if (verdict->seen_count < BIOMETRIC_SEGMENTS_MAX)
        verdict->seen[verdict->seen_count++] =
            (struct best_finger_seen){.position = position, .matched = matched};
}

static bool is_minutiae_of(const struct enrolled_part *part, uint8_t position) {
    return part->modality == BIOMETRIC_FINGER && part->kind == ENROLLED_MINUTIAE &&
           part->position == position;
}

/* The finger that is ready against what is enrolled of ${position}; false: nothing is. */
static bool compare_finger(struct biometric_workspace *workspace, uint8_t position,
                           uint32_t *score) {
    uint32_t scores[ENROLLED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < workspace->enrolled.count; i++) {
        const struct enrolled_part *part = &workspace->enrolled.parts[i];
        if (!is_minutiae_of(part, position) ||
            finger_prepare(&part->minutiae, &workspace->match.finger.enrolled) != ERR_OK)
            continue;
        scores[count++] =
            finger_compare(&workspace->match.finger.presented, &workspace->match.finger.enrolled,
                           &workspace->match.finger.scratch);
    }
    *score = finger_fuse_impressions(scores, count);
    return count > 0;
}

static void score_minutiae(const struct biometric_comparison *comparison,
                           const struct sample *sample, struct known *known,
                           struct biometric_verdict *verdict) {
    struct biometric_workspace *workspace = comparison->workspace;
    uint32_t threshold = comparison->exchange->thresholds.finger, score = 0;
    if (finger_prepare(&sample->minutiae, &workspace->match.finger.presented) != ERR_OK)
        return;
    if (sample->position > 0) {
        if (!compare_finger(workspace, sample->position, &score))
            return;
        known->scores[known->count++] = score;
        see(verdict, sample->position, score >= threshold);
        return;
    }
    for (uint8_t position = 1; position <= FINGERS_LAST && comparison->any_position; position++) {
        if (!compare_finger(workspace, position, &score) || score < threshold)
            continue;
        verdict->passed = true;
        see(verdict, position, true);
    }
}

static void take_plugin(const struct biometric_comparison *comparison, size_t index,
                        struct known *known, struct biometric_verdict *verdict) {
    const struct biometric_plugin_score *found = &comparison->exchange->plugin_scores[index];
    bool matched = found->score >= comparison->exchange->thresholds.plugin[POLICY_FINGER];
    if (found->position == 0)
        return;
    if (comparison->workspace->samples.samples[index].position > 0) {
        known->scores[known->count++] = found->score;
        see(verdict, found->position, matched);
    } else if (matched) {
        verdict->passed = true;
        see(verdict, found->position, true);
    }
}

static bool is_enrolled(const struct enrolled *enrolled, enum biometric_modality modality) {
    for (size_t i = 0; i < enrolled->count; i++) {
        if (enrolled->parts[i].modality == modality)
            return true;
    }
    return false;
}

static bool is_presented(const struct sample *sample, enum biometric_modality modality) {
    return sample->capture != BIOMETRIC_CAPTURE_NONE &&
           biometric_name_modality(sample->capture) == modality;
}

static void begin(const struct biometric_comparison *comparison, enum biometric_modality modality,
                  struct biometric_verdict *verdict) {
    *verdict = (struct biometric_verdict){
        .is_enrolled = is_enrolled(&comparison->workspace->enrolled, modality)};
}

void biometric_score_finger(const struct biometric_comparison *comparison,
                            struct biometric_verdict *verdict) {
    const struct policy_thresholds *thresholds = &comparison->exchange->thresholds;
    const struct samples *samples = &comparison->workspace->samples;
    struct known known = {0}, of_plugin = {0};
    begin(comparison, BIOMETRIC_FINGER, verdict);
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->samples[i];
        if (!is_presented(sample, BIOMETRIC_FINGER))
            continue;
        if (sample->kind == SAMPLE_MINUTIAE)
            score_minutiae(comparison, sample, &known, verdict);
        else if (sample->kind == SAMPLE_IMAGE)
            take_plugin(comparison, i, &of_plugin, verdict);
    }
    if (known.count > 0 && finger_fuse_fingers(known.scores, known.count) >= thresholds->finger)
        verdict->passed = true;
    if (of_plugin.count > 0 &&
        finger_fuse_fingers(of_plugin.scores, of_plugin.count) >= thresholds->plugin[POLICY_FINGER])
        verdict->passed = true;
}

/* ---- irises and faces ---- */

static bool takes_plugin(const struct biometric_comparison *comparison, size_t index,
                         enum policy_biometric use) {
    uint32_t score = comparison->exchange->plugin_scores[index].score;
    return score > 0 && score >= comparison->exchange->thresholds.plugin[use];
}

/* A code that says no eye is of the one that it was announced to be. */
static bool read_code(struct bytes view, uint8_t position, struct iris_code *code) {
    if (iris_code_read(view, code) != ERR_OK)
        return false;
    if (code->eye == IRIS_CODE_EYE_UNKNOWN)
        code->eye = position;
    return position == 0 || code->eye == position;
}

static bool is_iris(const struct biometric_comparison *comparison, const struct sample *sample) {
    struct biometric_workspace *workspace = comparison->workspace;
    struct iris_code *presented = &workspace->match.iris.presented;
    struct iris_code *enrolled = &workspace->match.iris.enrolled;
    if ((sample->position == 0 && !comparison->any_position) ||
        !read_code(sample->data, sample->position, presented))
        return false;
    for (size_t i = 0; i < workspace->enrolled.count; i++) {
        const struct enrolled_part *part = &workspace->enrolled.parts[i];
        uint16_t distance = IRIS_CODE_DISTANCE_MAX;
        if (part->kind == ENROLLED_IRIS_CODE &&
            (sample->position == 0 || part->position == sample->position) &&
            read_code(part->data, part->position, enrolled) &&
            iris_code_compare(presented, enrolled, IRIS_CODE_TURN_MAX,
                              &workspace->match.iris.scratch, &distance) == ERR_OK &&
            (int32_t)distance <= comparison->exchange->thresholds.iris)
            return true;
    }
    return false;
}

void biometric_score_iris(const struct biometric_comparison *comparison,
                          struct biometric_verdict *verdict) {
    const struct samples *samples = &comparison->workspace->samples;
    begin(comparison, BIOMETRIC_IRIS, verdict);
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->samples[i];
        if (!is_presented(sample, BIOMETRIC_IRIS))
            continue;
        if (sample->kind == SAMPLE_IRIS_CODE && is_iris(comparison, sample))
            verdict->passed = true;
        if (sample->kind == SAMPLE_IMAGE && takes_plugin(comparison, i, POLICY_IRIS))
            verdict->passed = true;
    }
}

static bool is_face(const struct biometric_comparison *comparison, const struct sample *sample) {
    struct biometric_workspace *workspace = comparison->workspace;
    struct face_vector *presented = &workspace->match.face.presented;
    struct face_vector *enrolled = &workspace->match.face.enrolled;
    if (comparison->face == NULL || face_vector_read(sample->data, presented) != ERR_OK)
        return false;
    for (size_t i = 0; i < workspace->enrolled.count; i++) {
        const struct enrolled_part *part = &workspace->enrolled.parts[i];
        int32_t cosine = -FACE_VECTOR_COSINE_ONE;
        if (part->kind == ENROLLED_FACE_VECTOR &&
            face_vector_read(part->data, enrolled) == ERR_OK &&
            face_vector_compare(comparison->face, presented, enrolled, &cosine) == ERR_OK &&
            cosine >= comparison->exchange->thresholds.face)
            return true;
    }
    return false;
}

void biometric_score_face(const struct biometric_comparison *comparison,
                          struct biometric_verdict *verdict) {
    const struct samples *samples = &comparison->workspace->samples;
    begin(comparison, BIOMETRIC_FACE, verdict);
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->samples[i];
        if (!is_presented(sample, BIOMETRIC_FACE))
            continue;
        if (sample->kind == SAMPLE_FACE_VECTOR && is_face(comparison, sample))
            verdict->passed = true;
        if (sample->kind == SAMPLE_IMAGE && takes_plugin(comparison, i, POLICY_FACE))
            verdict->passed = true;
    }
}

/* ---- a plug-in's scores ---- */

bool biometric_score_is_pair(const struct biometric_plugin_pairs *pairs,
                             const struct enrolled_part *part) {
    return part->modality == pairs->modality && part->kind == ENROLLED_PLUGIN &&
           strcmp(part->plugin, pairs->plugin) == 0;
}

/* Which of them positions allow is decided here: what a plug-in says of it does not count. */
static bool may_meet(const struct biometric_plugin_pairs *pairs, uint8_t position) {
    if (pairs->modality == BIOMETRIC_FACE)
        return true;
    return pairs->position > 0 ? position == pairs->position : pairs->any_position;
}

/* The scores of one position; of fingers they are fused, of the others the best counts. */
static uint32_t score_position(const struct biometric_plugin_pairs *pairs, const uint32_t *scores,
                               uint8_t position) {
    uint32_t own[ENROLLED_MAX], best = 0;
    size_t count = 0, at = 0;
    for (size_t i = 0; i < pairs->enrolled->count; i++) {
        const struct enrolled_part *part = &pairs->enrolled->parts[i];
        if (!biometric_score_is_pair(pairs, part))
            continue;
        uint32_t score = scores[at++];
        if (part->position != position)
            continue;
        own[count++] = score;
        best = score > best ? score : best;
    }
    return pairs->modality == BIOMETRIC_FINGER ? finger_fuse_impressions(own, count) : best;
}

void biometric_score_plugin(const struct biometric_plugin_pairs *pairs, const uint32_t *scores,
                            struct biometric_plugin_score *result) {
    uint32_t done = 0;
    *result = (struct biometric_plugin_score){0};
    for (size_t i = 0; i < pairs->enrolled->count; i++) {
        const struct enrolled_part *part = &pairs->enrolled->parts[i];
        if (!biometric_score_is_pair(pairs, part) || !may_meet(pairs, part->position) ||
            (done & 1u << part->position) != 0)
            continue;
        done |= 1u << part->position;
        uint32_t score = score_position(pairs, scores, part->position);
        if (score < result->score || (score == result->score && result->position != 0))
            continue;
        result->score = score;
        result->position = pairs->modality == BIOMETRIC_FINGER ? part->position : 0;
    }
}
