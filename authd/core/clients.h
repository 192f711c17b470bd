#pragma once

#include "authd/core/lane.h"

/* Tells edge, on lane 0, which certificates programmes have registered for TLS. Each time it, or
 * the registry, is new. Nothing is told while the box is not open or has no JOSE profile. */
void clients_tell(struct lane *lane);
