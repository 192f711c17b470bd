#include "authd/core/biometric_match.h"

#include "firmware/base/log.h"
#include "authd/core/best_finger.h"
#include "authd/core/biometric_exchange.h"
#include "authd/core/biometric_score.h"
#include "authd/core/biometric_tries.h"
#include "authd/core/biometric_workspace.h"
#include "authd/wire/biometric_name.h"

static const struct {
    const char *name; /* as MOSIP names it in errors */
    const char *not_matched, *not_enrolled;
    void (*score)(const struct biometric_comparison *comparison, struct biometric_verdict *verdict);
} modalities[] = {
    [BIOMETRIC_FINGER] = {"Finger", "finger-does-not-match", "finger-not-enrolled",
                          biometric_score_finger},
    [BIOMETRIC_IRIS] = {"Iris", "iris-does-not-match", "iris-not-enrolled", biometric_score_iris},
    [BIOMETRIC_FACE] = {"Face", "face-does-not-match", "face-not-enrolled", biometric_score_face},
};

static enum err load(const struct core *core, struct request *request) {
    struct biometric_exchange *exchange = request->biometric;
    if (exchange->has_enrolled)
        return ERR_OK;
    enum err result = registry_biometrics(core->registry, request->person_key, &exchange->enrolled);
    exchange->has_enrolled = result == ERR_OK || result == ERR_NOT_FOUND;
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

enum err biometric_match_open(const struct core *core, struct request *request) {
    const struct biometric_exchange *exchange = request->biometric;
    struct biometric_workspace *workspace = exchange->workspace;
    ERR_TRY(load(core, request));
    workspace->enrolled.count = 0;
    if (exchange->enrolled.len > 0)
        ERR_TRY(enrolled_decode(secret_view(&exchange->enrolled), &workspace->enrolled));
    return biometric_exchange_samples(exchange, &workspace->samples);
}

static uint8_t presented_of(const struct biometric_segments *segments) {
    uint8_t set = 0;
    for (size_t i = 0; i < segments->count; i++)
        set |= (uint8_t)BIOMETRIC_BIT(biometric_name_modality(segments->segments[i].capture));
    return set;
}

static void advise(const struct core *core, struct request *request,
                   enum biometric_modality modality, const struct biometric_verdict *verdict) {
    const struct biometric_exchange *exchange = request->biometric;
    const struct best_finger_refusal refusal = {.modality = modality,
                                                .presented = presented_of(&exchange->segments),
                                                .enrolled = &exchange->workspace->enrolled,
                                                .seen = verdict->seen,
                                                .seen_count = verdict->seen_count};
    best_finger_advise(core, request, &refusal);
}

static void refuse(struct request *request, enum biometric_modality modality, bool is_enrolled) {
    if (is_enrolled)
        request_refuse(request, MOSIP_BIA_001, modalities[modality].name,
                       modalities[modality].not_matched);
    else
        request_refuse(request, MOSIP_BIA_006, modalities[modality].name,
                       modalities[modality].not_enrolled);
}

/* All is in the workspace, and the try is counted. */
static enum err compare(struct core *core, struct request *request,
                        enum biometric_modality modality) {
    const struct biometric_comparison comparison = {
        .exchange = request->biometric,
        .workspace = request->biometric->workspace,
        .any_position = request->policy.biometrics.any_position,
        .face = core->has_face_model ? &core->face_model : NULL};
    struct biometric_verdict verdict;
    request->compared = true;
    modalities[modality].score(&comparison, &verdict);
    if (verdict.seen_count > 0)
        best_finger_note(core, request, verdict.seen, verdict.seen_count);
    if (verdict.passed)
        return biometric_tries_forget(core, request, modality);
    refuse(request, modality, verdict.is_enrolled);
    advise(core, request, modality, &verdict);
    return ERR_OK;
}

static enum err attempt(struct core *core, struct request *request,
                        enum biometric_modality modality) {
    static const struct biometric_verdict nothing_seen;
    ERR_TRY(biometric_match_open(core, request));
    ERR_TRY(biometric_tries_count(core, request, modality));
    if (!request_refused(request))
        return compare(core, request, modality);
    advise(core, request, modality, &nothing_seen);
    return ERR_OK;
}

static enum err match(struct core *core, struct request *request,
                      enum biometric_modality modality) {
    if (request->biometric == NULL)
        return ERR_DENIED;
    enum err result = attempt(core, request, modality);
    biometric_workspace_wipe(request->biometric->workspace);
    return result;
}

enum err biometric_match_finger(struct core *core, struct request *request) {
    return match(core, request, BIOMETRIC_FINGER);
}

enum err biometric_match_iris(struct core *core, struct request *request) {
    return match(core, request, BIOMETRIC_IRIS);
}

enum err biometric_match_face(struct core *core, struct request *request) {
    return match(core, request, BIOMETRIC_FACE);
}
