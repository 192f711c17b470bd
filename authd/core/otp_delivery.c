#include <string.h>

#include "authd/core/otp_delivery.h"

#include "authd/core/otp_rows.h"

void otp_delivery_of(const struct core *core, const struct request *request,
                     struct otp_delivery *delivery) {
    struct otp_keys keys;
    otp_keys_of(core, request, &keys);
    memcpy(delivery->row, keys.code, sizeof(delivery->row));
    memcpy(delivery->requests, keys.requests, sizeof(delivery->requests));
    memcpy(delivery->person_requests, keys.person_requests, sizeof(delivery->person_requests));
    memcpy(delivery->value, request->otp_value, sizeof(delivery->value));
    delivery->value_len = request->otp_value_len;
}

static enum err keep_row(struct core *core, const struct otp_delivery *delivery,
                         struct otp_row *row, struct buffer *effects) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len, failed = 0;
    int64_t left_ms = row->expires_boot_ms - clock_boot_ms();
    row->status = OTP_DELIVERED;
    otp_row_encode(row, value, &len);
    struct ledger_op ops[] = {
        otp_plain(LEDGER_TAKE, delivery->row),
        otp_put(delivery->row, bytes_of(value, len), (left_ms > 0 ? left_ms : 0) + OTP_GRACE_MS)};
    ops[0].value = bytes_of(delivery->value, delivery->value_len);
    enum ledger_result result = ledger_claim(core->ledger, ops, 2, INT64_MAX, &failed, effects);
    return result == LEDGER_WON ? ERR_OK : result == LEDGER_TAKEN ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
}

/* The request for the code is given back even when a later one has replaced the row: nothing was
 * sent. */
static enum err void_row(struct core *core, const struct otp_delivery *delivery,
                         struct buffer *effects) {
    size_t failed = 0;
    struct ledger_op ops[] = {otp_plain(LEDGER_TAKE, delivery->row),
                              otp_plain(LEDGER_LOWER, delivery->requests),
                              otp_plain(LEDGER_LOWER, delivery->person_requests)};
    ops[0].value = bytes_of(delivery->value, delivery->value_len);
    enum ledger_result result = ledger_claim(core->ledger, ops, 3, INT64_MAX, &failed, effects);
    if (result == LEDGER_TAKEN)
        result = ledger_claim(core->ledger, ops + 1, 2, INT64_MAX, &failed, effects);
    return result == LEDGER_WON ? ERR_OK : ERR_UNAVAILABLE;
}

enum err otp_delivery_settle(struct core *core, const struct otp_delivery *delivery, bool delivered,
                             struct buffer *effects) {
    struct otp_row row;
    if (otp_row_decode(bytes_of(delivery->value, delivery->value_len), &row) != ERR_OK)
        return ERR_NOT_FOUND;
    return delivered ? keep_row(core, delivery, &row, effects) : void_row(core, delivery, effects);
}
