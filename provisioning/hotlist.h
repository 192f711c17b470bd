#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/* Blocks a programme, a device or a maker of devices, or lets it in again. ERR_OK: done. An error
 * with an outcome set: refused; without: the question breaks the protocol. */
MUST_CHECK enum err hotlist_put(struct change *change);
/* The same of one VID, by its alias id; the journal has the beginning of that. */
MUST_CHECK enum err hotlist_put_vid(struct change *change);
