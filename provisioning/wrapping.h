#pragma once

#include "provisioning/change.h"

/*
 * Provd's part of the KEK's roll: when the active KEK is younger than what the record roots were
 * wrapped by, all of them are wrapped by it in one transaction, and signer 0 is told.
 */

/* Does what is due, and gives in how many ms it wants to be called again. Not from within an
 * operation. */
int wrapping_turn(struct provd *provd);
