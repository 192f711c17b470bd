#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/best_finger_record.h"
#include "authd/core/core.h"
#include "authd/core/request.h"
#include "authd/store/enrolled.h"

/*
 * Which of a person's fingers match: a decaying record (best_finger_record.h), sealed, in one row
 * of the ledger under the person's key, for 400 days after the last request. It advises; nothing is
 * ever decided by it. One that cannot be read is logged and begun anew.
 */

/* Adds what this request saw, in a claim of its own whose effects go with the request's record. It
 * never changes a verdict: an error is logged and passed over. */
void best_finger_note(struct core *core, struct request *request,
                      const struct best_finger_seen *seen, size_t count);

/* How a request was refused for its biometrics. */
struct best_finger_refusal {
    enum biometric_modality modality; /* that was refused */
    uint8_t presented;                /* bits 1 << modality: all that the request brought */
    const struct enrolled *enrolled; /* NULL: not looked at; fingers, irises, faces are not named */
    const struct best_finger_seen *seen; /* fingers that were really compared */
    size_t seen_count;
};

/*
 * What to try next: puts the advice into the error that was added last (statement_error.action), if
 * the policy names_factors and is not `uniform`, and the error is one that may have it. The
 * enrolled finger with the best record that was not compared just now; if none is left, or the
 * modality must wait, another factor that the policy and the country allow and the person has, can
 * use now and did not present: iris, face, then a code. Nothing but waiting is left: to try later.
 *
 * A finger is named only after BIA-001 of something that was really compared: by a device that is
 * trusted, counted against person and programme. MLC-019 and BIA-006 cost nothing or little, so a
 * programme could walk through the country with them and learn which fingers strangers have; there
 * only factors are named, of which MOSIP's own errors (BIA-006, OTA-002) tell as much. Which
 * samples did not match, or how nearly, is never said: a finger is left out because it was
 * presented, whether it matched or not.
 */
void best_finger_advise(const struct core *core, struct request *request,
                        const struct best_finger_refusal *refusal);
