#pragma once

#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/* The ledger rows behind the codes of one person and one programme. */

enum otp_status { OTP_PENDING = 1, OTP_DELIVERED = 2 };

#define OTP_MAC_BYTES 32
/* How long a row outlives its code, so that a late code can be told from none. */
#define OTP_GRACE_MS (10 * 60 * 1000)

/* The value of a code's row. */
struct otp_row {
    uint8_t mac[OTP_MAC_BYTES];
    int64_t expires_boot_ms;
    enum otp_status status;
    uint64_t epoch; /* of the core that issued it; a pending row of another epoch is void */
};
void otp_row_encode(const struct otp_row *row, uint8_t value[static LEDGER_VALUE_MAX], size_t *len);
MUST_CHECK enum err otp_row_decode(struct bytes value, struct otp_row *row);

/* Row keys. */
struct otp_keys {
    uint8_t code[LEDGER_KEY_BYTES], transaction[LEDGER_KEY_BYTES];
    uint8_t any_transaction[LEDGER_KEY_BYTES]; /* whoever asked: tells OTA-011 from OTA-005 */
    uint8_t failures[LEDGER_KEY_BYTES], day_failures[LEDGER_KEY_BYTES];
    uint8_t person_failures[LEDGER_KEY_BYTES], share[LEDGER_KEY_BYTES];
    uint8_t requests[LEDGER_KEY_BYTES], person_requests[LEDGER_KEY_BYTES];
};
void otp_keys_of(const struct core *core, const struct request *request, struct otp_keys *keys);

/* Ops on these rows. */
struct ledger_op otp_bump(const uint8_t key[static LEDGER_KEY_BYTES], int64_t limit,
                          int64_t lifetime_ms, uint32_t flags);
struct ledger_op otp_plain(enum ledger_op_kind kind, const uint8_t key[static LEDGER_KEY_BYTES]);
/* The row lives ${lifetime_ms} of this boot. */
struct ledger_op otp_put(const uint8_t key[static LEDGER_KEY_BYTES], struct bytes value,
                         int64_t lifetime_ms);
