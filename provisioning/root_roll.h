#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/*
 * The roll of the record root, as authd/store/registry_roll.h has it: an officer orders it, the
 * process does it between the questions of officers, a little at a time, and its successor goes on.
 */
MUST_CHECK enum err root_roll_order(struct change *change);

/* Does what is due, and gives in how many ms it wants to be called again. Not from within an
 * operation. */
int root_roll_turn(struct provd *provd);
/* What `officer status` shows of it. */
MUST_CHECK enum err root_roll_show(const struct provd *provd, struct officer_roll *shown);
