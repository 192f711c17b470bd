#pragma once

#include "firmware/base/err.h"

/*
 * A process that keeps keys in OpenSSL's own memory: all of it stays in RAM, now and later; private
 * numbers have a heap of their own between guard pages; and every block that OpenSSL gives back is
 * wiped first, as it leaves copies of a decoded key behind.
 */

/*
 * Once, before OpenSSL allocates anything and before confinement. That memory can't be locked is no
 * error, but in the log: locked_memory_check says so from then on. ERR_SYSTEM: OpenSSL has
 * allocated already, or there is no memory.
 */
MUST_CHECK enum err locked_memory_open(void);

/* ERR_SYSTEM: not all of this process's memory is locked, and no key may be opened in it. */
MUST_CHECK enum err locked_memory_check(void);
