#pragma once

#include "firmware/base/err.h"
#include "provisioning/change.h"

/*
 * Operations on people. ERR_OK: done. An error with an outcome set: refused, nothing has changed.
 * An error without: the question breaks the protocol, and the officer's connection ends.
 */
MUST_CHECK enum err people_put(struct change *change);
