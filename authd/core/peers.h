#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/*
 * The processes a lane talks to: which of them may say what, and what happens when one dies, breaks
 * the protocol or has a successor. Sockets outlive processes, so a death is known from authd alone.
 */

/* Adds all peers to the lane's loop. ERR_NOT_FOUND: the boot message lacks one. */
MUST_CHECK enum err peers_add(struct lane *lane);
void peers_down(struct lane *lane, const char *role, uint16_t index);
void peers_up(struct lane *lane, const char *role, uint16_t index);
