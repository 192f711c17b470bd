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
