#pragma once

#include "authd/core/lane.h"

/*
 * Which certificates programmes have registered for TLS, for edge: each of its lanes is told by the
 * lane of core that it talks to, when the box opens, when the registry has changed and when edge is
 * a new process. Nothing is told in a box without the JOSE profile.
 */

/* The list may be another: every lane will tell it. Thread-safe. */
void clients_changed(struct core *core);
/* Each turn of a lane: tells it if there is something to tell. -1, or the milliseconds after which
 * what could not be told wants another turn. */
int clients_turn(struct lane *lane);
/* The lane's edge is new, and knows nothing. */
void clients_forget(struct lane *lane);
