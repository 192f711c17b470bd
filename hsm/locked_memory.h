#pragma once

#include "firmware/base/err.h"

/*
 * OpenSSL's memory, for a process that keeps private keys in it: everything it allocates from
 * the first one on comes from its own secure heap (CRYPTO_secure_malloc(3)), which is locked, left
 * out of core dumps, between guard pages, and wiped block by block as it is given back; and the
 * stack is locked too. It is not enough to keep private numbers there: OpenSSL has copies of them
 * elsewhere (the decoded key, the primes once more in their Montgomery form), and wipes not all of
 * them.
 */

/*
 * Once, before OpenSSL allocates anything, before confinement and threads. Memory that cannot be
 * locked is no error: OpenSSL then has ordinary memory, and locked_memory_check refuses.
 * ERR_SYSTEM: OpenSSL has allocated already.
 */
MUST_CHECK enum err locked_memory_open(void);

/* ERR_SYSTEM: OpenSSL's memory cannot be locked, so that no key may be opened in it; in the log. */
MUST_CHECK enum err locked_memory_check(void);
/*
 * Before a private key is made or opened: whatever OpenSSL allocates from now on is in locked
 * memory, for as long as the process lives. Blocks of before have nothing of such a key, and leave
 * as they came. Under a sanitizer, which would take what is referred to from there for leaks, the
 * memory stays malloc's. ERR_SYSTEM as above.
 */
MUST_CHECK enum err locked_memory_use(void);
