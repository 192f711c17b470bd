#include <string.h>

#include "authd/core/otp_rows.h"

void otp_row_encode(const struct otp_row *row, uint8_t value[static LEDGER_VALUE_MAX],
                    size_t *len) {
    struct buffer target = buffer_over(value, LEDGER_VALUE_MAX);
    buffer_raw(&target, row->mac, sizeof(row->mac));
    buffer_i64(&target, row->expires_boot_ms);
    buffer_u8(&target, (uint8_t)row->status);
    buffer_u64(&target, row->epoch);
    *len = target.len;
}

enum err otp_row_decode(struct bytes value, struct otp_row *row) {
    struct cursor cursor = cursor_over(value);
    cursor_copy(&cursor, row->mac, sizeof(row->mac));
    row->expires_boot_ms = cursor_i64(&cursor);
    row->status = (enum otp_status)cursor_u8(&cursor);
    row->epoch = cursor_u64(&cursor);
    return cursor_end(&cursor);
}

void otp_keys_of(const struct core *core, const struct request *request, struct otp_keys *keys) {
    struct bytes person = bytes_of(request->person_key, sizeof(request->person_key));
    struct bytes programme = bytes_of_text(request->partner.id);
    struct bytes both[] = {person, programme};
    struct bytes transaction = bytes_of_text(request->envelope.transaction_id.text);
    struct bytes one_transaction[] = {person, programme, transaction};
    struct bytes any_transaction[] = {person, transaction};
    ledger_row_key(core->ledger, "otp", both, 2, keys->code);
    ledger_row_key(core->ledger, "otp-transaction", one_transaction, 3, keys->transaction);
    ledger_row_key(core->ledger, "otp-any-transaction", any_transaction, 2, keys->any_transaction);
    ledger_row_key(core->ledger, "otp-failures", both, 2, keys->failures);
    ledger_row_key(core->ledger, "otp-day-failures", both, 2, keys->day_failures);
    ledger_row_key(core->ledger, "otp-person-failures", &person, 1, keys->person_failures);
    ledger_row_key(core->ledger, "otp-share", both, 2, keys->share);
    ledger_row_key(core->ledger, "otp-requests", both, 2, keys->requests);
    ledger_row_key(core->ledger, "otp-person-requests", &person, 1, keys->person_requests);
}

struct ledger_op otp_bump(const uint8_t key[static LEDGER_KEY_BYTES], int64_t limit,
                          int64_t lifetime_ms, uint32_t flags) {
    struct ledger_op op = {
        .kind = LEDGER_BUMP, .flags = flags, .limit = (uint32_t)limit, .lifetime_ms = lifetime_ms};
    memcpy(op.key, key, LEDGER_KEY_BYTES);
    return op;
}

struct ledger_op otp_plain(enum ledger_op_kind kind, const uint8_t key[static LEDGER_KEY_BYTES]) {
    struct ledger_op op = {.kind = kind};
    memcpy(op.key, key, LEDGER_KEY_BYTES);
    return op;
}

struct ledger_op otp_put(const uint8_t key[static LEDGER_KEY_BYTES], struct bytes value,
                         int64_t lifetime_ms) {
    struct ledger_op op = otp_plain(LEDGER_PUT, key);
    op.flags = LEDGER_BOOT_BOUND;
    op.value = value;
    op.lifetime_ms = lifetime_ms;
    return op;
}
