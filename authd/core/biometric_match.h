#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * The biometric factors (§3.5): each modality that is presented must match, at the thresholds of
 * the policy (biometric_score.h). A try is counted before it is looked at and forgotten when it
 * matched; a refusal names the modality and nothing finer, with advice where the policy allows it
 * (best_finger.h). Each refuses by request_refuse. What can fail for a technical reason does so
 * before the try is counted.
 */
MUST_CHECK enum err biometric_match_finger(struct core *core, struct request *request);
MUST_CHECK enum err biometric_match_iris(struct core *core, struct request *request);
MUST_CHECK enum err biometric_match_face(struct core *core, struct request *request);

/* What is presented and what is enrolled, into the workspace, which the caller wipes, on an error
 * too. Nothing enrolled is ERR_OK. */
MUST_CHECK enum err biometric_match_open(const struct core *core, struct request *request);
