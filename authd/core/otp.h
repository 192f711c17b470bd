#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * One-time codes (§4). A code is six random digits, kept as a keyed MAC over person, programme,
 * transaction and code, valid 180 s on the boot clock and once. Every guess is counted before it is
 * compared: per person and programme, per person over all programmes (each programme's share
 * bounded), per day, and against the programme's failure budget. A right code gives its counts
 * back; a new code does not.
 */

/*
 * Makes a code for the request's person: counts the request, stores the row as pending, and leaves
 * the code in
 * ${request->otp} to be sent once the record is durable. Refuses by request_refuse, as when it is
 * not
 * ${deliverable}.
 */
MUST_CHECK enum err otp_issue(struct core *core, struct request *request, bool deliverable);

/* Compares the payload's code; refuses by request_refuse unless it is right, in time and unused. */
MUST_CHECK enum err otp_verify(struct core *core, struct request *request);

/* What became of a code's message. Rows are named by their ledger keys, so that nobody's name is
 * needed. */
struct otp_delivery {
    uint8_t row[LEDGER_KEY_BYTES], requests[LEDGER_KEY_BYTES], person_requests[LEDGER_KEY_BYTES];
    uint8_t value[LEDGER_VALUE_MAX]; /* of the pending row */
    size_t value_len;
};
void otp_delivery_of(const struct core *core, const struct request *request,
                     struct otp_delivery *delivery);
/*
 * Delivered: the row survives a restart of the box's programs. Not delivered: the row is void and
 * the request is given back. Appends to ${effects}. ERR_NOT_FOUND: the row has been used or
 * replaced meanwhile.
 */
MUST_CHECK enum err otp_delivered(struct core *core, const struct otp_delivery *delivery,
                                  bool delivered, struct buffer *effects);
