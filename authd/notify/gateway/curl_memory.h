#pragma once

#include "firmware/base/err.h"

/*
 * libcurl copies what it sends, credentials and codes included, into memory of its own. That memory
 * cannot be locked; through this it is wiped whenever libcurl gives it back, and it is in no core
 * dump, as the process is undumpable. (What a TLS library copies in turn it wipes itself or not.)
 *
 * Starts libcurl: once, before any other call of it and before confinement. ERR_SYSTEM.
 */
MUST_CHECK enum err curl_memory_start(void);
