#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/*
 * The roll of the pepper, as authd/store/registry_pepper.h has it. It begins by itself when signer
 * 0 says that the active pepper is younger than the registry's, goes on a little at a time between
 * the questions of officers, and at its end signer 0 is told that the older ones may go. While rows
 * are left that could not be moved, it comes again after each change of the registry.
 */

/* Does what is due, and gives in how many ms it wants to be called again. Not from within an
 * operation. */
int pepper_roll_turn(struct provd *provd);
/* What `officer status` shows of it. Of all aliases, which ${box} counts as VIDs, some are none. */
MUST_CHECK enum err pepper_roll_show(const struct provd *provd, struct officer_box *box);
