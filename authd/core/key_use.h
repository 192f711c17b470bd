#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * Who still encrypts to which key of the box (authd/store/key_usage.h): counted from requests whose
 * programme is known, told to signer 0, which holds the keys that are used, and to officers.
 *
 * A terminal is the device that the sealed block of the JOSE profile names, or the one that
 * captured biometrics. It is kept as a keyed hash; its name beside it only if it can be no more
 * than an identifier of a device.
 */

/* Once, behind the ledger. ERR_SYSTEM. */
MUST_CHECK enum err key_use_open(struct core *core);
/* On the journal's thread, behind each batch. Failures are logged. */
void key_use_settle(struct core *core);
/* When that thread has ended, before the ledger is closed. */
void key_use_close(struct core *core);

/* Once, at the end of a request: what opened it, and what opened its biometrics. */
void key_use_count(struct core *core, const struct request *request);

struct lane;
/* Lane 0's: tells signer 0 now and then. */
void key_use_turn(struct lane *lane, int64_t now_ms);

/* provd's question, answered in ${answer}. Fails when it is none. */
MUST_CHECK enum err key_use_answer(struct core *core, struct bytes question, struct buffer *answer);
