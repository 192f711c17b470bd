#pragma once

#include "firmware/base/err.h"
#include "firmware/base/frame.h"

/*
 * What an unseal worker does with one question of unseal_wire.h, sample_wire.h or jose_wire.h.
 * Between two questions it holds nothing: worker_forget wipes what the answer was made of.
 */

/* Makes the secret arena and fetches every algorithm: once, before confinement. ERR_SYSTEM,
 * ERR_CRYPTO. */
MUST_CHECK enum err worker_open(void);
void worker_close(void);

/*
 * Answers ${question}. ${answer} has its id and generation and a view of the worker's memory, good
 * until worker_forget. ERR_DENIED: no such question; ERR_TRUNCATED, ERR_TOO_LARGE, ERR_MALFORMED:
 * the asker broke the protocol; ERR_UNAVAILABLE: this process is at fault and must end.
 */
MUST_CHECK enum err worker_answer(const struct frame *question, struct frame *answer);
void worker_forget(void);
