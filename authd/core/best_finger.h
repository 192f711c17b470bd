#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"
#include "authd/store/enrolled.h"

/*
 * Which of a person's fingers match: a decaying record, sealed, in one row of the ledger under the
 * person's key. It advises; nothing is ever decided by it.
 */
#define BEST_FINGER_POSITIONS 11 /* by position: 1 right thumb … 10 left little finger; 0 unused \
                                  */

/* What one request said of a finger. */
struct best_finger_seen {
    uint8_t position; /* 1 to 10 */
    bool matched;     /* by itself, at the policy's threshold */
};

/* Adds what this request saw, in a claim of its own whose effects go with the request's record. It
 * never changes a verdict: an error is logged and passed over. */
void best_finger_note(struct core *core, struct request *request,
                      const struct best_finger_seen *seen, size_t count);

/*
 * What to try next after ${request} was refused for its biometrics: puts the advice into the error
 * already in ${request->statement} (statement_error.action), if the policy names_factors: the
 * enrolled finger with the best record that was not presented just now; if none is left, or the
 * modality must wait, another factor that the policy and the country allow and the person has:
 * iris, face, then a code. Says nothing finer than that about what did not match.
 */
void best_finger_advise(struct core *core, struct request *request,
                        const struct enrolled *enrolled);
