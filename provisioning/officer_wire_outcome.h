#pragma once

#include "provisioning/officer_wire.h"

/*
 * The outcome as a block before what an answer tells beside it, so that a refusal can end there.
 */
void officer_wire_outcome_put(struct buffer *target, const struct officer_outcome *outcome);
/* Errors as in officer_wire.h; ${outcome} is then ERR_UNAVAILABLE. */
MUST_CHECK enum err officer_wire_outcome_take(struct cursor *cursor,
                                              struct officer_outcome *outcome);
