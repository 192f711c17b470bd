#pragma once

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

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
 * Delivered: the row survives a restart of the box's programs. Not delivered: the row is void
 * unless a later request has replaced it, and the request is given back. Appends to ${effects}.
 * ERR_NOT_FOUND: there is nothing to record, the row has been used or replaced meanwhile.
 */
MUST_CHECK enum err otp_delivery_settle(struct core *core, const struct otp_delivery *delivery,
                                        bool delivered, struct buffer *effects);
