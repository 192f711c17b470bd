#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/* Who it is: the lookup of step 18, and the filters of step 20 (§9.3). */

/*
 * Finds the person behind the lookup keys, under whichever pepper her row or that of her VID is
 * just now; refuses the unknown, revoked, deactivated and expired. ${person_key} is then what all
 * else about her is kept under: it is hers for good, so that counts survive the roll of a pepper.
 */
MUST_CHECK enum err person_find(const struct core *core, struct request *request);
/* The person of a request that was decided before, whatever has become of them since. ERR_NOT_FOUND
 * and what the registry gives. */
MUST_CHECK enum err person_recall(const struct core *core, struct request *request);
/*
 * Counts one use of the request's VID, once all its factors matched: a mistake does not cost a
 * one-time VID. Refuses when its uses are up, so of two at once with the last use one is refused.
 */
MUST_CHECK enum err person_use_alias(struct core *core, struct request *request);
/* Hotlist, child filter and factor locks. */
MUST_CHECK enum err person_filter(const struct core *core, struct request *request);

/* The authToken by the policy's type (§5.5), into the statement. */
MUST_CHECK enum err person_token(const struct core *core, struct request *request);

/* MOSIP's masks (§4.5): the first len/2 + 1 characters; the local part but every third. */
void person_mask_phone(const char *phone, char *masked, size_t size);
void person_mask_email(const char *email, char *masked, size_t size);

/* What stands for the person in the journal: keyed by the salt in the record, so erasing it erases
 * the link. */
#define PERSON_COMMITMENT_BYTES 16
void person_commitment(const struct request *request,
                       uint8_t commitment[static PERSON_COMMITMENT_BYTES]);
