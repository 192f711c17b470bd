#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/frame.h"
#include "firmware/base/serve.h"
#include "hsm/answers.h"

/* What the handlers of questions share: their memory, the gate before each, the way out. */

/* Whether there are keys, and the box is in none of the states of the mask in which this is closed:
 * ERR_NOT_FOUND, ERR_DENIED. ${closed_states}: bits of BOX_STATE_BIT; 0: it is never closed. */
MUST_CHECK enum err reply_gate(const struct answers *answers, uint32_t closed_states);

/* The module has failed: the loop stops, and the process ends. */
void reply_fail(struct answers *answers, enum err failure);
/*
 * Whether a question gets no answer, as the module has failed, now or before. Any ${status} that
 * is no answer (hsm/receipt.h) is such a failure.
 */
bool reply_is_over(struct answers *answers, enum err status);

/* The receipt of an answer with ${status}, which reply_is_over has let pass. */
struct hsm_receipt reply_receipt(const struct answers *answers, enum err status);

/* The memory for an answer. One at a time: the process has one thread. */
struct buffer reply_begin(void);
/*
 * Sends what was written, as the answer of ${type} to ${question}, and wipes it. An error loses the
 * peer: the answer was not written whole, or the peer does not read its answers.
 */
MUST_CHECK enum err reply_send(struct serve_peer *peer, const struct frame *question, uint16_t type,
                               const struct buffer *target);
