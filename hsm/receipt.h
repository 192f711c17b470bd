#pragma once

#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "hsm/wire.h"

/* What every answer of the signer begins with, for the files that read and write answers. */

void receipt_put(struct buffer *target, const struct hsm_receipt *receipt);

/*
 * ${more}: the rest of the answer follows. A refusal is a receipt alone, so that it can carry
 * nothing else. ERR_MALFORMED: a status that no signer answers with; ${receipt} is then no success.
 */
MUST_CHECK enum err receipt_get(struct cursor *cursor, struct hsm_receipt *receipt, bool *more);
