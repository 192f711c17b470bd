#pragma once

#include "firmware/base/err.h"
#include "hsm/wire.h"
#include "authd/core/lane.h"
#include "authd/core/request.h"

/* What a request comes to: the statement a signer is asked for, the answer it wrote, the record of
 * both. */

/* The statement echoes the request as far as it could be read; what is too long is left out. */
void outcome_begin(struct request *request);
/* No more will be said: a refusal loses everything but its errors, and is logged. */
void outcome_settle(struct request *request);
/* Keeps the signed bytes until the record is durable and edge has them. ERR_FULL. */
MUST_CHECK enum err outcome_keep(struct request *request, const struct hsm_stated *stated);
/* Hands evidence and claims to the journal as one record. ERR_FULL, ERR_UNAVAILABLE. */
MUST_CHECK enum err outcome_record(struct lane *lane, struct request *request);
