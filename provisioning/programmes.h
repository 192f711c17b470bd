#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/*
 * Operations on programmes. ERR_OK: done. An error with an outcome set: refused, nothing has
 * changed. An error without: the question breaks the protocol, and the officer's connection ends.
 */
MUST_CHECK enum err programmes_trust_add(struct change *change);
MUST_CHECK enum err programmes_partner_add(struct change *change);
MUST_CHECK enum err programmes_partner_status(struct change *change);
MUST_CHECK enum err programmes_policy_add(struct change *change);
MUST_CHECK enum err programmes_api_key_add(struct change *change);
MUST_CHECK enum err programmes_misp_add(struct change *change);
