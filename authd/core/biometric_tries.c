#include <string.h>

#include "authd/core/biometric_tries.h"

#include "firmware/base/clock.h"
#include "authd/core/budget.h"
#include "authd/core/otp_rows.h"

/* Longer than the longest wait, and than anybody stays away for the sake of a few more tries. */
#define REMEMBERED_MS (400 * CLOCK_DAY_MS)
/* How often a claim is made anew because other requests about the person came between: after a few
 * of them the person must wait, and no claim comes between any more. */
#define CONTENTION_MAX 256

/*
 * Two rows: how many failures there are, as a value that is only ever replaced by who knows it; and
 * a wait, which is there as long as it lasts.
 */
#define COUNT_BYTES 4
struct tries {
    enum auth_type type;
    uint8_t failures_key[LEDGER_KEY_BYTES], wait_key[LEDGER_KEY_BYTES];
    uint32_t failures;
    uint8_t before[COUNT_BYTES], after[COUNT_BYTES];
};

static enum err name_rows(const struct core *core, const struct request *request,
                          enum biometric_modality modality, struct tries *tries) {
    static const enum auth_type types[] = {[BIOMETRIC_FINGER] = AUTH_TYPE_BIO_FINGER,
                                           [BIOMETRIC_IRIS] = AUTH_TYPE_BIO_IRIS,
                                           [BIOMETRIC_FACE] = AUTH_TYPE_BIO_FACE};
    *tries = (struct tries){0};
    if ((size_t)modality >= sizeof(types) / sizeof(types[0]))
        return ERR_DENIED;
    tries->type = types[modality];
    const struct bytes parts[] = {bytes_of(request->person_key, sizeof(request->person_key)),
                                  bytes_of_text(auth_type_text(tries->type))};
    ledger_row_key(core->ledger, "bio-failures", parts, 2, tries->failures_key);
    ledger_row_key(core->ledger, "bio-wait", parts, 2, tries->wait_key);
    return ERR_OK;
}

static void put_count(uint32_t count, uint8_t value[static COUNT_BYTES]) {
    struct buffer target = buffer_over(value, COUNT_BYTES);
    buffer_u32(&target, count);
}

static enum err read_failures(const struct core *core, struct tries *tries) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    tries->failures = 0;
    enum err result =
        ledger_read(core->ledger, tries->failures_key, value, &len, &count, &remaining_ms);
    if (result == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(result);
    struct cursor cursor = cursor_over(bytes_of(value, len));
    tries->failures = cursor_u32(&cursor);
    return cursor_end(&cursor) == ERR_OK && tries->failures > 0 ? ERR_OK : ERR_CORRUPT;
}

/* How long the next try must wait after so many failures in a row. */
static int64_t pause_ms(const struct settings *settings, uint32_t failures) {
    if (failures < settings->bio_attempts)
        return 0;
    int64_t pause = settings->bio_wait_seconds * 1000;
    for (int64_t i = settings->bio_attempts; i < failures && pause < CLOCK_DAY_MS; i++)
        pause *= 2;
    return pause < CLOCK_DAY_MS ? pause : CLOCK_DAY_MS;
}

static struct ledger_op op_with(enum ledger_op_kind kind,
                                const uint8_t key[static LEDGER_KEY_BYTES], struct bytes value,
                                int64_t lifetime_ms) {
    struct ledger_op op = otp_plain(kind, key);
    op.value = value;
    op.lifetime_ms = lifetime_ms;
    return op;
}

/* The ops that put one failure more in the place of those that were read; TAKEN when they are
 * others by now. */
static size_t add_failure(struct tries *tries, uint32_t failures, struct ledger_op *ops) {
    struct bytes after = bytes_of(tries->after, COUNT_BYTES);
    put_count(tries->failures, tries->before);
    put_count(failures, tries->after);
    if (tries->failures == 0) {
        ops[0] = op_with(LEDGER_CLAIM, tries->failures_key, after, REMEMBERED_MS);
        return 1;
    }
    ops[0] = op_with(LEDGER_TAKE, tries->failures_key, bytes_of(tries->before, COUNT_BYTES), 0);
    ops[1] = op_with(LEDGER_PUT, tries->failures_key, after, REMEMBERED_MS);
    return 2;
}

enum { OPS_MAX = 4 };

static enum ledger_result claim(struct core *core, struct request *request, struct ledger_op *ops,
                                size_t count, const struct ledger_op **failed) {
    size_t index = 0;
    enum ledger_result result = ledger_claim(core->ledger, ops, count, request->deadline_boot_ms,
                                             &index, &request->effects);
    *failed = &ops[index];
    return result;
}

/*
 * The budget comes last: who must wait is told that. A failure less than the most that are free
 * finds no wait; the one that begins a wait, or comes after it, needs it to be absent.
 */
static enum ledger_result count_once(struct core *core, struct request *request,
                                     struct tries *tries) {
    struct ledger_op ops[OPS_MAX];
    const struct ledger_op *failed = NULL;
    size_t count = 0;
    uint32_t failures = tries->failures < UINT32_MAX ? tries->failures + 1 : tries->failures;
    int64_t wait_ms = pause_ms(&core->settings, failures);
    if (wait_ms > 0)
        ops[count++] = op_with(LEDGER_CLAIM, tries->wait_key, bytes_of(NULL, 0), wait_ms);
    count += add_failure(tries, failures, ops + count);
    ops[count++] = budget_spend(core, request);
    enum ledger_result result = claim(core, request, ops, count, &failed);
    if (result == LEDGER_WON)
        request->budget_spent = true;
    else if (result == LEDGER_LIMIT)
        request_refuse(request, MOSIP_MLC_007, "", "failure-budget-used-up");
    else if (result == LEDGER_TAKEN && wait_ms > 0 && failed == &ops[0])
        request_refuse(request, MOSIP_MLC_019, auth_type_text(tries->type), "biometric-must-wait");
    return result;
}

enum err biometric_tries_count(struct core *core, struct request *request,
                               enum biometric_modality modality) {
    struct tries tries;
    enum ledger_result result = LEDGER_TAKEN;
    ERR_TRY(name_rows(core, request, modality, &tries));
    for (unsigned i = 0; i < CONTENTION_MAX && result == LEDGER_TAKEN; i++) {
        ERR_TRY(read_failures(core, &tries));
        result = count_once(core, request, &tries);
        if (request_refused(request))
            return ERR_OK;
    }
    return result == LEDGER_WON ? ERR_OK : ERR_UNAVAILABLE;
}

enum err biometric_tries_forget(struct core *core, struct request *request,
                                enum biometric_modality modality) {
    struct tries tries;
    const struct ledger_op *failed = NULL;
    ERR_TRY(name_rows(core, request, modality, &tries));
    struct ledger_op ops[] = {otp_plain(LEDGER_CLEAR, tries.failures_key),
                              otp_plain(LEDGER_CLEAR, tries.wait_key),
                              budget_return(core, request)};
    if (claim(core, request, ops, sizeof(ops) / sizeof(ops[0]), &failed) != LEDGER_WON)
        return ERR_UNAVAILABLE;
    request->budget_spent = false;
    return ERR_OK;
}

enum err biometric_tries_wait(const struct core *core, const struct request *request,
                              enum biometric_modality modality, int64_t *wait_ms) {
    struct tries tries;
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    *wait_ms = 0;
    ERR_TRY(name_rows(core, request, modality, &tries));
    enum err result = ledger_read(core->ledger, tries.wait_key, value, &len, &count, &remaining_ms);
    if (result == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(result);
    *wait_ms = remaining_ms > 0 ? remaining_ms : 1;
    return ERR_OK;
}
