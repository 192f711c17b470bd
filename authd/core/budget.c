#include "authd/core/budget.h"

#include "authd/core/otp_rows.h"

#define HOUR_MS (3600 * 1000LL)

static void row_key(const struct core *core, const struct request *request,
                    uint8_t key[static LEDGER_KEY_BYTES]) {
    struct bytes programme = bytes_of_text(request->partner.id);
    ledger_row_key(core->ledger, "budget", &programme, 1, key);
}

struct ledger_op budget_spend(const struct core *core, const struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, key);
    int64_t limit = request->policy.failures_an_hour != 0 ? request->policy.failures_an_hour
                                                          : core->settings.failures_an_hour;
    return otp_bump(key, limit, HOUR_MS, 0);
}

struct ledger_op budget_return(const struct core *core, const struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES];
    row_key(core, request, key);
    return otp_plain(LEDGER_LOWER, key);
}
