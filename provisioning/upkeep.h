#pragma once

#include "provisioning/change.h"

/*
 * What provd does by itself between the questions of officers, a little at a time: it looks how the
 * keys stand on which the registry depends, wraps the roots by a younger KEK, and goes on with the
 * rolls of pepper and record root. These two go over the rows independently of each other: a row
 * that one moves is sealed under the root that the other is at, and each step is a transaction.
 */

/* In how many ms it wants to be called again. Not from within an operation. */
int upkeep_turn(struct provd *provd);
