#include <stdio.h>
#include <string.h>

#include "authd/core/demo.h"

#include "firmware/base/clock.h"
#include "authd/core/budget.h"
#include "authd/core/otp_rows.h"
#include "authd/match/demographic.h"

static void refuse_all(struct request *request, const struct demographic_verdict *verdict,
                       const char *reason) {
    for (size_t i = 0; i < verdict->problem_count; i++)
        request_refuse(request, verdict->problems[i].error, verdict->problems[i].detail, reason);
}

static void rules_of(const struct settings *settings, struct demographic_rules *rules) {
    const char *at = settings->languages;
    *rules = (struct demographic_rules){0};
    while (*at != '\0' && rules->language_count < DEMOGRAPHIC_LANGUAGES_MAX) {
        size_t span = strcspn(at, ", ");
        if (span == 3)
            snprintf(rules->languages[rules->language_count++], 4, "%.3s", at);
        at += span + strspn(at + span, ", ");
    }
}

void demo_check(const struct settings *settings, struct request *request) {
    struct demographic_rules rules;
    struct demographic_verdict verdict = {0};
    if (!request->payload.has_demographics)
        return;
    rules_of(settings, &rules);
    demographic_check(&request->payload, &rules, &verdict);
    if (verdict.passed)
        return;
    refuse_all(request, &verdict, "demographics-malformed");
    if (!request_refused(request))
        request_refuse(request, MOSIP_MLC_009, "demographics", "demographics-malformed");
}

static bool asks_for_age(const struct payload *payload) {
    for (size_t i = 0; i < payload->demographic_count; i++) {
        if (strcmp(payload->demographics[i].name, "age") == 0)
            return true;
    }
    return false;
}

/* The counters of one try. */
enum { TRY_FAILURES, TRY_DAY, TRY_BUDGET, TRY_COUNT };

static void tries_of(const struct core *core, const struct request *request,
                     struct ledger_op ops[static TRY_COUNT]) {
    const struct settings *settings = &core->settings;
    const struct bytes person_and_programme[] = {
        bytes_of(request->person_key, sizeof(request->person_key)),
        bytes_of_text(request->partner.id)};
    uint8_t failures[LEDGER_KEY_BYTES], day[LEDGER_KEY_BYTES];
    ledger_row_key(core->ledger, "demo-failures", person_and_programme, 2, failures);
    ledger_row_key(core->ledger, "demo-day-failures", person_and_programme, 2, day);
    ops[TRY_FAILURES] = otp_bump(failures, settings->demo_attempts,
                                 settings->demo_freeze_minutes * CLOCK_MINUTE_MS, LEDGER_EXTEND);
    ops[TRY_DAY] = otp_bump(day, settings->demo_day_attempts, CLOCK_DAY_MS, 0);
    ops[TRY_BUDGET] = budget_spend(core, request);
}

static enum err count_try(struct core *core, struct request *request,
                          struct ledger_op ops[static TRY_COUNT]) {
    size_t failed = 0;
    tries_of(core, request, ops);
    switch (ledger_claim(core->ledger, ops, TRY_COUNT, request->deadline_boot_ms, &failed,
                         &request->effects)) {
    case LEDGER_WON:
        request->budget_spent = true;
        return ERR_OK;
    case LEDGER_LIMIT:
        if (failed == TRY_BUDGET)
            request_refuse(request, MOSIP_MLC_007, "", "failure-budget-used-up");
        else
            request_refuse(request, MOSIP_MLC_019, "demo", "demo-frozen");
        return ERR_OK;
    default:
        return ERR_UNAVAILABLE;
    }
}

static enum err give_back(struct core *core, struct request *request,
                          const struct ledger_op tries[static TRY_COUNT]) {
    struct ledger_op ops[TRY_COUNT];
    size_t failed = 0, count = 0;
    ops[count++] = budget_return(core, request);
    request->budget_spent = false;
    if (!asks_for_age(&request->payload)) {
        ops[count++] = otp_plain(LEDGER_LOWER, tries[TRY_FAILURES].key);
        ops[count++] = otp_plain(LEDGER_LOWER, tries[TRY_DAY].key);
    }
    enum ledger_result result = ledger_claim(core->ledger, ops, count, request->deadline_boot_ms,
                                             &failed, &request->effects);
    return result == LEDGER_WON ? ERR_OK : ERR_UNAVAILABLE;
}

enum err demo_verify(struct core *core, struct request *request) {
    struct ledger_op tries[TRY_COUNT];
    struct demographic_verdict verdict = {0};
    struct birth_day today;
    ERR_TRY(count_try(core, request, tries));
    if (request_refused(request))
        return ERR_OK;
    clock_date(request->received_wall_ms, &today.year, &today.month, &today.day);
    request->compared = true;
    demographic_match(&request->payload, request->identity, today, &verdict);
    if (verdict.passed)
        return give_back(core, request, tries);
    refuse_all(request, &verdict, "demographics-do-not-match");
    return request_refused(request) ? ERR_OK : ERR_DENIED;
}

enum err demo_count_property(struct core *core, struct request *request, bool *allowed) {
    struct ledger_op ops[TRY_COUNT];
    size_t failed = 0;
    tries_of(core, request, ops);
    enum ledger_result result = ledger_claim(core->ledger, ops, TRY_BUDGET,
                                             request->deadline_boot_ms, &failed, &request->effects);
    *allowed = result == LEDGER_WON;
    return result == LEDGER_WON || result == LEDGER_LIMIT ? ERR_OK : ERR_UNAVAILABLE;
}
