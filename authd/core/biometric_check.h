#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"
#include "authd/core/settings.h"

/* Between one segment and the next, at most. */
#define BIOMETRIC_APART_MS (120 * 1000)

/*
 * The controller layer's checks of biometrics (§3.2, and step 17 of §6.2). They refuse by
 * request_refuse and stop at the first fault; nothing of the person is looked at. A request without
 * biometrics passes them all.
 */

/* What the policy's thresholds come to; a policy above its ceiling is as good as none
 * (request_refuse_filter, MPA-019). */
void biometric_check_policy(const struct core *core, struct request *request);

/* What the segments say of themselves: names, transaction, purpose, place, numbers and times. */
void biometric_check_fields(struct request *request, const struct settings *settings);

/* What was read from them, whether their devices are blocked, and whether they were presented
 * before (biometric_once.h): after their signatures have been verified. ERR_UNAVAILABLE. */
MUST_CHECK enum err biometric_check_samples(struct core *core, struct request *request);
