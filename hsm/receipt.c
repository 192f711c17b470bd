#include <string.h>

#include "hsm/receipt.h"

void receipt_put(struct buffer *target, const struct hsm_receipt *receipt) {
    buffer_u8(target, (uint8_t)receipt->status);
    buffer_u16(target, receipt->signer_index);
    buffer_u64(target, receipt->sequence);
}

/* Only these statuses are answers; for all others the signer ends. */
static bool is_answer(uint8_t status) {
    static const uint8_t answers[] = {ERR_OK,    ERR_CRYPTO, ERR_NOT_FOUND,
                                      ERR_LIMIT, ERR_DENIED, ERR_EXISTS};
    return memchr(answers, status, sizeof answers) != NULL;
}

enum err receipt_get(struct cursor *cursor, struct hsm_receipt *receipt, bool *more) {
    uint8_t status = cursor_u8(cursor);
    receipt->signer_index = cursor_u16(cursor);
    receipt->sequence = cursor_u64(cursor);
    bool known = is_answer(status);
    receipt->status = known ? (enum err)status : ERR_UNAVAILABLE;
    *more = known && receipt->status == ERR_OK;
    if (cursor->err != ERR_OK)
        return cursor->err;
    return known ? ERR_OK : ERR_MALFORMED;
}
