#pragma once

#include "firmware/base/err.h"
#include "authd/store/programme.h"
#include "provisioning/change.h"

/*
 * Refuses a policy whose biometric thresholds let somebody else pass more often than its ceiling,
 * with the arithmetic, and one with a rate that no measurement claims. Of faces the arithmetic
 * alone is judged: the model belongs to core, which refuses what that does not claim.
 */
MUST_CHECK enum err thresholds_judge(struct change *change, const struct policy *policy);
