#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"
#include "authd/wire/biometric_wire.h"

/*
 * Limits of attempts (NIST SP 800-63B, 5.2.3 and 5.2.2): per person and modality, over all
 * programmes. Five failures in a row are free ([core] bio-attempts); then each further try must
 * wait, 30 seconds at first (bio-wait-seconds) and twice as long each time, up to a day; a match
 * forgets them. Besides, each failure counts against the programme's failure budget (budget.h), as
 * those of other factors do. All in the ledger, so a restart forgets nothing, and counted before
 * the comparison, in one claim: requests in parallel get no more tries than one after the other.
 *
 * A modality is counted, compared, and forgotten or left before the next one of the request is
 * counted; the wait of a try runs from its count. What can fail for a technical reason comes before
 * the count, so that there is nothing to take back.
 */

/* Counts one try of ${modality}. Refuses (MLC-019 of the modality, MLC-007 when the programme's
 * budget is used up) while it must wait; nothing is counted then. ERR_UNAVAILABLE. */
MUST_CHECK enum err biometric_tries_count(struct core *core, struct request *request,
                                          enum biometric_modality modality);
/* The try matched: the person's failures of this modality are forgotten, the programme's is given
 * back. ERR_UNAVAILABLE. */
MUST_CHECK enum err biometric_tries_forget(struct core *core, struct request *request,
                                           enum biometric_modality modality);
/* *wait_ms is 0, or how long the person's ${modality} must wait. */
MUST_CHECK enum err biometric_tries_wait(const struct core *core, const struct request *request,
                                         enum biometric_modality modality, int64_t *wait_ms);
