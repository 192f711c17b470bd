#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "authd/core/otp.h"

#include "firmware/base/clock.h"
#include "authd/core/budget.h"
#include "authd/core/otp_rows.h"
#include "authd/core/person.h"

/* identifier type ‖ locks of the channels the code went by */
#define TRANSACTION_ROW_BYTES 2

static enum err code_mac(const struct core *core, const struct request *request, const char *code,
                         uint8_t mac[static OTP_MAC_BYTES]) {
    SECRET(key);
    const char *transaction = request->envelope.transaction_id.text;
    ERR_TRY(record_keys_derive(core->state_keys, CORE_ROOT_GENERATION, "otp-mac", &key));
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data, key.len, OTP_MAC_BYTES);
    const struct bytes parts[] = {
        bytes_of(request->person_key, sizeof(request->person_key)),
        /* the zeroes divide */
        bytes_of(request->partner.id, strlen(request->partner.id) + 1),
        bytes_of(transaction, strlen(transaction) + 1),
        bytes_of(code, 6),
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        crypto_generichash_update(&state, parts[i].data, parts[i].len);
    crypto_generichash_final(&state, mac, OTP_MAC_BYTES);
    secret_wipe(&state, sizeof(state));
    return ERR_OK;
}

static void refuse_frozen(const struct core *core, struct request *request, const char *reason) {
    char period[32];
    snprintf(period, sizeof(period), "%lld minutes", (long long)core->settings.otp_freeze_minutes);
    request_refuse(request, MOSIP_OTA_013, period, reason);
}

static enum err count_of(const struct core *core, const uint8_t key[static LEDGER_KEY_BYTES],
                         uint32_t *count) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    int64_t remaining_ms = 0;
    *count = 0;
    enum err result = ledger_read(core->ledger, key, value, &len, count, &remaining_ms);
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

/* Whether any of the failure counters has reached its limit: nothing is issued or compared then. */
static enum err check_frozen(const struct core *core, struct request *request,
                             const struct otp_keys *keys) {
    const struct settings *settings = &core->settings;
    const struct {
        const uint8_t *key;
        int64_t limit;
        const char *reason;
    } counters[] = {
        {keys->failures, settings->otp_attempts, "otp-frozen"},
        {keys->day_failures, settings->otp_day_attempts, "otp-frozen-for-the-day"},
        {keys->person_failures, settings->otp_person_attempts, "otp-frozen-over-programmes"},
    };
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        uint32_t count = UINT32_MAX;
        ERR_TRY(count_of(core, counters[i].key, &count));
        if (count >= counters[i].limit) {
            refuse_frozen(core, request, counters[i].reason);
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* The channels the person can be reached by; refuses when one that was asked for is missing. */
static void choose_channels(struct request *request) {
    const struct envelope *envelope = &request->envelope;
    request->send_phone = envelope->channel_phone;
    request->send_email = envelope->channel_email;
    bool no_phone = request->send_phone && request->identity->phone[0] == '\0';
    bool no_email = request->send_email && request->identity->email[0] == '\0';
    if (no_phone || no_email)
        request_refuse(request, MOSIP_OTA_002,
                       no_phone ? "phone number not found" : "email not found",
                       no_phone ? "no-phone" : "no-email");
}

static enum err draw_code(struct request *request) {
    ERR_TRY(secret_new(&request->otp, 7));
    for (size_t i = 0; i < 6; i++)
        request->otp.data[i] = (uint8_t)('0' + randombytes_uniform(10));
    return ERR_OK;
}

/* The locks that would have stopped the channels of this code. */
static uint32_t channel_locks(const struct request *request) {
    return (request->send_phone ? LOCK_OTP_PHONE : 0) | (request->send_email ? LOCK_OTP_EMAIL : 0);
}

/* Counts the request and stores the code's row and its transaction's, all or nothing. */
static enum err store_code(struct core *core, struct request *request,
                           const struct otp_keys *keys) {
    const struct settings *settings = &core->settings;
    int64_t lifetime_ms = settings->otp_lifetime_seconds * 1000;
    int64_t window_ms = settings->otp_request_window_seconds * 1000;
    struct otp_row row = {.expires_boot_ms = clock_boot_ms() + lifetime_ms,
                          .status = OTP_PENDING,
                          .epoch = core->epoch};
    ERR_TRY(code_mac(core, request, (const char *)request->otp.data, row.mac));
    uint8_t value[LEDGER_VALUE_MAX];
    const uint8_t transaction[TRANSACTION_ROW_BYTES] = {(uint8_t)request->identifier_type,
                                                        (uint8_t)channel_locks(request)};
    size_t len;
    otp_row_encode(&row, value, &len);
    int64_t remembered_ms = lifetime_ms + OTP_GRACE_MS;
    struct ledger_op ops[] = {
        otp_bump(keys->requests, settings->otp_requests, window_ms, 0),
        otp_bump(keys->person_requests, settings->otp_person_requests, window_ms, 0),
        otp_put(keys->code, bytes_of(value, len), remembered_ms),
        otp_put(keys->transaction, bytes_of(transaction, sizeof(transaction)), remembered_ms),
        otp_put(keys->any_transaction, bytes_of(transaction, 1), remembered_ms),
        budget_code(core, request),
    };
    enum { OPS = sizeof(ops) / sizeof(ops[0]) };
    static const char *const reasons[OPS] = {"otp-requests-of-programme", "otp-requests-of-person",
                                             [OPS - 1] = "codes-of-programme"};
    /* In the JOSE profile the programme's count has been taken: for nobody's code too. */
    size_t failed = 0, count = request_is_jose(request) ? OPS - 1 : OPS;
    switch (ledger_claim(core->ledger, ops, count, request->deadline_boot_ms, &failed,
                         &request->effects)) {
    case LEDGER_WON:
        memcpy(request->otp_value, value, len);
        request->otp_value_len = len;
        return ERR_OK;
    case LEDGER_LIMIT:
        request_refuse(request, MOSIP_OTA_001, "", reasons[failed]);
        return ERR_OK;
    default:
        return ERR_UNAVAILABLE;
    }
}

enum err otp_issue(struct core *core, struct request *request, bool deliverable) {
    struct otp_keys keys;
    otp_keys_of(core, request, &keys);
    ERR_TRY(check_frozen(core, request, &keys));
    if (!request_refused(request))
        choose_channels(request);
    if (!request_refused(request) && !deliverable)
        request_refuse(request, MOSIP_OTA_002, "no channel is available", "notifier-not-ready");
    if (request_refused(request))
        return ERR_OK;
    ERR_TRY(draw_code(request));
    ERR_TRY(store_code(core, request, &keys));
    if (request_refused(request)) {
        secret_free(&request->otp);
        return ERR_OK;
    }
    if (request->send_phone)
        person_mask_phone(request->identity->phone, request->statement.masked_mobile,
                          sizeof(request->statement.masked_mobile));
    if (request->send_email)
        person_mask_email(request->identity->email, request->statement.masked_email,
                          sizeof(request->statement.masked_email));
    return ERR_OK;
}

static const char *lock_name(uint32_t locks) {
    return (locks & LOCK_OTP_PHONE) != 0 ? "otp-phone" : "otp-email";
}

static enum err read_row(const struct core *core, const uint8_t key[static LEDGER_KEY_BYTES],
                         uint8_t value[static LEDGER_VALUE_MAX], size_t *len) {
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    return ledger_read(core->ledger, key, value, len, &count, &remaining_ms);
}

/* No code was asked for in this transaction by this programme: say which of the three it is. */
static enum err refuse_transaction(const struct core *core, struct request *request,
                                   const struct otp_keys *keys, uint32_t locks) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    enum err result = read_row(core, keys->any_transaction, value, &len);
    if (result == ERR_OK)
        request_refuse(request, MOSIP_OTA_011, "", "otp-of-other-programme");
    else if (result == ERR_NOT_FOUND && locks != 0)
        request_refuse(request, MOSIP_MLC_019, lock_name(locks), "factor-locked");
    else if (result == ERR_NOT_FOUND)
        request_refuse(request, MOSIP_OTA_005, "", "otp-of-no-such-transaction");
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

/* §4.2 steps 1 and 2: a code was asked for in this transaction, by this programme, for this kind of
 * id. */
static enum err check_transaction(const struct core *core, struct request *request,
                                  const struct otp_keys *keys) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t locks = request->identity->locks & (LOCK_OTP_PHONE | LOCK_OTP_EMAIL);
    enum err result = read_row(core, keys->transaction, value, &len);
    if (result == ERR_NOT_FOUND)
        return refuse_transaction(core, request, keys, locks);
    ERR_TRY(result);
    if (len != TRANSACTION_ROW_BYTES)
        return ERR_CORRUPT;
    if ((value[1] & ~locks) == 0) /* every channel of the code is locked since */
        request_refuse(request, MOSIP_MLC_019, lock_name(locks), "factor-locked");
    else if (value[0] != (uint8_t)request->identifier_type)
        request_refuse(request, MOSIP_OTA_010, "", "otp-of-other-identifier-type");
    return ERR_OK;
}

/* §4.2 step 3. A pending row of an earlier start may never have been sent: it is void. */
static enum err read_code(const struct core *core, struct request *request,
                          const struct otp_keys *keys, struct otp_row *row) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    enum err result = read_row(core, keys->code, value, &len);
    if (result == ERR_OK)
        result = otp_row_decode(bytes_of(value, len), row);
    bool is_void = result == ERR_OK && row->status == OTP_PENDING && row->epoch != core->epoch;
    if (result == ERR_NOT_FOUND || is_void) {
        request_refuse(request, MOSIP_OTA_012, "", is_void ? "otp-void" : "otp-absent");
        return ERR_OK;
    }
    return result;
}

/* The counters of one guess, in the order their limits are reported. */
enum { GUESS_FAILURES, GUESS_DAY, GUESS_BUDGET, GUESS_PERSON, GUESS_SHARE, GUESS_COUNT };

struct guess {
    struct ledger_op ops[GUESS_COUNT];
    size_t count; /* without the last two when the programme's share of the person is used up */
};

static void refuse_limit(const struct core *core, struct request *request, size_t counter) {
    if (counter == GUESS_BUDGET)
        request_refuse(request, MOSIP_MLC_007, "", "failure-budget-used-up");
    else
        refuse_frozen(core, request, "otp-frozen");
}

/* Counts the guess as failed before it is looked at. */
static enum err count_guess(struct core *core, struct request *request, const struct otp_keys *keys,
                            struct guess *guess) {
    const struct settings *settings = &core->settings;
    int64_t freeze_ms = settings->otp_freeze_minutes * CLOCK_MINUTE_MS;
    *guess = (struct guess){
        {
            otp_bump(keys->failures, settings->otp_attempts, freeze_ms, LEDGER_EXTEND),
            otp_bump(keys->day_failures, settings->otp_day_attempts, CLOCK_DAY_MS, 0),
            budget_spend(core, request),
            otp_bump(keys->person_failures, settings->otp_person_attempts, freeze_ms,
                     LEDGER_EXTEND),
            otp_bump(keys->share, settings->otp_person_share, CLOCK_DAY_MS, 0),
        },
        GUESS_COUNT};
    size_t failed = 0;
    enum ledger_result result = ledger_claim(core->ledger, guess->ops, guess->count,
                                             request->deadline_boot_ms, &failed, &request->effects);
    if (result == LEDGER_LIMIT && failed == GUESS_SHARE) {
        guess->count = GUESS_PERSON;
        result = ledger_claim(core->ledger, guess->ops, guess->count, request->deadline_boot_ms,
                              &failed, &request->effects);
    }
    request->budget_spent = result == LEDGER_WON;
    if (result == LEDGER_LIMIT)
        refuse_limit(core, request, failed);
    return result == LEDGER_WON || result == LEDGER_LIMIT ? ERR_OK : ERR_UNAVAILABLE;
}

/* Gives the counts of a guess that turned out right back; ${clear}: and forgets earlier wrong ones.
 */
static size_t give_back(const struct guess *guess, bool clear, struct ledger_op *ops) {
    for (size_t i = 0; i < guess->count; i++)
        ops[i] = otp_plain(clear && i == GUESS_FAILURES ? LEDGER_CLEAR : LEDGER_LOWER,
                           guess->ops[i].key);
    return guess->count;
}

/* Takes the row as it was read, or as the delivery has marked it since. */
static enum ledger_result take_code(struct core *core, struct request *request, struct otp_row *row,
                                    struct ledger_op *ops, size_t count) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len, failed = 0;
    enum ledger_result result = LEDGER_TAKEN;
    for (enum otp_status status = row->status; status <= OTP_DELIVERED && result == LEDGER_TAKEN;
         status++) {
        row->status = status;
        otp_row_encode(row, value, &len);
        ops[0].value = bytes_of(value, len);
        result = ledger_claim(core->ledger, ops, count, request->deadline_boot_ms, &failed,
                              &request->effects);
    }
    return result;
}

/*
 * The code is right: it is used up at once, late or not, and the guess's counts are given back, all
 * in one claim. Whoever comes second with the same code finds the row gone.
 */
static enum err use_code(struct core *core, struct request *request, const struct otp_keys *keys,
                         struct otp_row *row, const struct guess *guess) {
    struct ledger_op ops[GUESS_COUNT + 2] = {otp_plain(LEDGER_TAKE, keys->code)};
    bool late = clock_boot_ms() > row->expires_boot_ms;
    size_t count = 1 + give_back(guess, !late, ops + 1), failed = 0;
    request->budget_spent = false;
    /* A success pays for a failure, so that many people's typing errors stop nobody. */
    if (!late && !request_is_jose(request)) /* there, only when all factors have matched */
        ops[count++] = budget_return(core, request);
    enum ledger_result result = take_code(core, request, row, ops, count);
    if (result == LEDGER_UNAVAILABLE)
        return ERR_UNAVAILABLE;
    if (result == LEDGER_TAKEN) {
        request_refuse(request, MOSIP_OTA_012, "", "otp-used-meanwhile");
        count = give_back(guess, false, ops);
        result = ledger_claim(core->ledger, ops, count, request->deadline_boot_ms, &failed,
                              &request->effects);
    } else if (late) {
        request_refuse(request, MOSIP_OTA_003, "", "otp-expired");
    }
    return result == LEDGER_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_OK;
}

static void refuse_wrong(const struct core *core, struct request *request,
                         const struct guess *guess) {
    const struct settings *settings = &core->settings;
    bool last = guess->ops[GUESS_FAILURES].count >= settings->otp_attempts ||
                (guess->count == GUESS_COUNT &&
                 guess->ops[GUESS_PERSON].count >= settings->otp_person_attempts);
    if (last)
        refuse_frozen(core, request, "otp-wrong-and-frozen");
    else
        request_refuse(request, MOSIP_OTA_004, "", "otp-wrong");
}

enum err otp_verify(struct core *core, struct request *request) {
    struct otp_keys keys;
    struct otp_row row = {0};
    struct guess guess;
    uint8_t mac[OTP_MAC_BYTES];
    bool right = false;
    otp_keys_of(core, request, &keys);
    ERR_TRY(check_transaction(core, request, &keys));
    if (!request_refused(request))
        ERR_TRY(read_code(core, request, &keys, &row));
    if (!request_refused(request))
        ERR_TRY(check_frozen(core, request, &keys));
    if (!request_refused(request))
        ERR_TRY(count_guess(core, request, &keys, &guess));
    if (request_refused(request))
        return ERR_OK;
    ERR_TRY(code_mac(core, request, request->payload.otp, mac));
    request->compared = true;
    ERR_TRY(secret_equal(bytes_of(mac, sizeof(mac)), bytes_of(row.mac, sizeof(row.mac)), &right));
    if (right)
        return use_code(core, request, &keys, &row, &guess);
    refuse_wrong(core, request, &guess);
    return ERR_OK;
}
