#include <string.h>

#include "authd/core/biometric_once.h"

#include "authd/core/biometric_check.h"
#include "authd/core/caller.h"

/* Enough of a body's hash to tell it from another one. */
enum { OWNER_BYTES = 16 };

/* Only the last segment of a request is in its window: the first may be that much older. */
enum { OLDER_MS = (BIOMETRIC_SEGMENTS_MAX - 1) * BIOMETRIC_APART_MS };

static struct ledger_op once(const struct core *core, const struct request *request,
                             const struct sample *sample) {
    struct ledger_op op =
        caller_once(core, "capture", "", bytes_of(sample->hash, sizeof(sample->hash)));
    op.lifetime_ms += OLDER_MS;
    op.value = bytes_of(request->body_hash, OWNER_BYTES);
    return op;
}

static enum err is_own(const struct core *core, const struct request *request,
                       const struct ledger_op *op, bool *own) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    *own = false;
    enum err result = ledger_read(core->ledger, op->key, value, &len, &count, &remaining_ms);
    if (result == ERR_NOT_FOUND) /* it comes twice in this request */
        return ERR_OK;
    ERR_TRY(result);
    *own = len == OWNER_BYTES && memcmp(value, request->body_hash, OWNER_BYTES) == 0;
    return ERR_OK;
}

static void refuse(struct request *request) {
    if (request_is_jose(request))
        request_refuse_jose(request, PROBLEM_REPLAYED, "biometric-replayed");
    else
        request_refuse(request, MOSIP_MLC_007, "", "biometric-replayed");
}

/* As many as one claim takes. */
static enum err claim(struct core *core, struct request *request, const struct sample *samples,
                      size_t count) {
    struct ledger_op ops[LEDGER_OPS_MAX];
    size_t failed = 0;
    bool own = false;
    for (size_t i = 0; i < count; i++)
        ops[i] = once(core, request, &samples[i]);
    enum ledger_result result = ledger_claim(core->ledger, ops, count, request->deadline_boot_ms,
                                             &failed, &request->effects);
    if (result == LEDGER_WON)
        return ERR_OK;
    if (result != LEDGER_TAKEN)
        return ERR_UNAVAILABLE;
    ERR_TRY(is_own(core, request, &ops[failed], &own));
    if (!own)
        refuse(request);
    return ERR_OK;
}

enum err biometric_once_claim(struct core *core, struct request *request,
                              const struct samples *samples) {
    for (size_t at = 0; at < samples->count && !request_refused(request); at += LEDGER_OPS_MAX) {
        size_t left = samples->count - at;
        ERR_TRY(claim(core, request, &samples->samples[at],
                      left < LEDGER_OPS_MAX ? left : LEDGER_OPS_MAX));
    }
    return ERR_OK;
}
