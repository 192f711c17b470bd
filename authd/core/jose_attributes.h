#pragma once

#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "hsm/result.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/* What /v1/attributes tells of the person (docs/protocol.md §6). */

/*
 * Counts the yes-or-no properties that are asked for, that the policy allows and that the record
 * can answer, up to JOSE_PROPERTIES_MAX: ${request->jose.outcome.properties} of them may be told.
 * When the limits of what may be asked about the person are used up, the rest is left out.
 */
#define JOSE_PROPERTIES_MAX 8
MUST_CHECK enum err jose_attributes_count(struct core *core, struct request *request);

/* Fills the attributes of ${result}, from the person's record; the views point there, into the
 * request's photo, or into ${memory}, which is made here. */
MUST_CHECK enum err jose_attributes_fill(const struct core *core, struct request *request,
                                         struct secret *memory, struct result *result);
