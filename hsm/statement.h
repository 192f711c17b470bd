#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "hsm/wire.h"

/*
 * The one writer of response bodies (MOSIP IDA, "Responses"): {id, version, transactionID,
 * responseTime, errors, response}. It words every member itself from typed fields, and refuses
 * fields that do not go together:
 *   AUTH  verdict true:  no errors, a token of 36 digits
 *         verdict false: at least one error, no token
 *   OTP   no errors: a masked destination (or two); errors: none, and no member "response"
 *   KYC   verdict true:  no errors, a token, the encrypted attributes and their session key
 *         verdict false: at least one error and nothing else
 * and, for all kinds:
 *   id, version, transaction are UTF-8; empty ones are written as null;
 *   an error has a detail exactly when its text has a place for one; the detail is printable ASCII;
 *   an action other than the error's own is one of MOSIP_ACTIONS and goes with an error that
 *   mosip_error_is_advised; it is written as actionMessage in the place of the error's own;
 *   a masked number begins with X for its first len/2 + 1 characters, a masked address with X too;
 *   the response time is within STATEMENT_CLOCK_SKEW_MS of ${now_ms}, the signer's own clock.
 *
 * ERR_DENIED: refused, and ${body} is to be thrown away.
 */
#define STATEMENT_CLOCK_SKEW_MS 60000

/* Appends the body to ${body}, as JSON; ${now_ms} of the wall clock. */
MUST_CHECK enum err statement_write(const struct statement *statement, int64_t now_ms,
                                    struct buffer *body);
