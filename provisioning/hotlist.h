#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/* Blocks a programme, a device or a maker of devices, or lets it in again. ERR_OK: done. An error
 * with an outcome set: refused; without: the question breaks the protocol. */
MUST_CHECK enum err hotlist_put(struct change *change);
