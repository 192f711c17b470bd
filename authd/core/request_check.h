#pragma once

#include <stdint.h>

#include "authd/core/request.h"
#include "authd/core/settings.h"

/* What the request itself must be, apart from who sends it: §6.2 steps 1 to 4 and 6, and step 17.
 */

/* Body, id, version and the signature header, before anything is verified (filter layer). */
void request_check_envelope(struct request *request);
/* The Authorization header (step 6, filter layer). */
void request_check_authorization(struct request *request);
/* What came out of the decryption (steps 7 to 9, filter layer). */
void request_check_payload(struct request *request);
/* Controller layer. Stops at the first group that has errors. */
void request_check_fields(struct request *request, const struct settings *settings);
/* Of these the groups that both profiles share: factors, demographics, identifier, channels. */
void request_check_content(struct request *request, const struct settings *settings);
/* Whether ${time_ms} is older or later than the settings allow at the time of receipt. */
bool request_is_out_of_time(const struct request *request, const struct settings *settings,
                            int64_t time_ms);

/* Settles the identifier's type and, if its form is right, its readiness for a lookup. No refusal
 * here. */
void request_prepare_identifier(struct request *request, const struct settings *settings);
/* The factors that are present, as AUTH_TYPE_BITs, but for biometrics (biometric_exchange.h). */
uint32_t request_factors(const struct payload *payload);
