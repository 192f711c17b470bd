#include "authd/core/budget.h"

#include "firmware/base/clock.h"
#include "authd/core/otp_rows.h"

static void row_key(const struct core *core, const struct request *request, const char *kind,
                    uint8_t key[static LEDGER_KEY_BYTES]) {
    struct bytes programme = bytes_of_text(request->partner.id);
    ledger_row_key(core->ledger, kind, &programme, 1, key);
}

static int64_t failures_allowed(const struct core *core, const struct request *request) {
    return request->policy.failures_an_hour != 0 ? request->policy.failures_an_hour
                                                 : core->settings.failures_an_hour;
}

struct ledger_op budget_spend(const struct core *core, const struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, "budget", key);
    return otp_bump(key, failures_allowed(core, request), CLOCK_HOUR_MS, 0);
}

struct ledger_op budget_return(const struct core *core, const struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, "budget", key);
    return otp_plain(LEDGER_LOWER, key);
}

struct ledger_op budget_code(const struct core *core, const struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, "codes", key);
    return otp_bump(key, core->settings.codes_an_hour, CLOCK_HOUR_MS, 0);
}

/* What is left of the window of a counter that has reached its limit. */
static enum err wait_of(const struct core *core, const uint8_t key[static LEDGER_KEY_BYTES],
                        int64_t limit, int64_t *wait_ms) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    *wait_ms = 0;
    enum err result = ledger_read(core->ledger, key, value, &len, &count, &remaining_ms);
    if (result == ERR_OK && count >= limit)
        *wait_ms = remaining_ms > 0 ? remaining_ms : 1;
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

enum err budget_wait(const struct core *core, const struct request *request, int64_t *wait_ms) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, "budget", key);
    return wait_of(core, key, failures_allowed(core, request), wait_ms);
}

enum err budget_code_wait(const struct core *core, const struct request *request,
                          int64_t *wait_ms) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, "codes", key);
    return wait_of(core, key, core->settings.codes_an_hour, wait_ms);
}
