#include <string.h>

#include "authd/core/best_finger.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/secret.h"
#include "hsm/mosip_error.h"
#include "authd/core/biometric_tries.h"
#include "authd/core/otp_rows.h"
#include "authd/match/birth.h"
#include "authd/store/registry.h"

#define LIFETIME_MS (400 * CLOCK_DAY_MS)
/* Tells its sealed values from the registry's rows. */
#define SEALED_AS 200

_Static_assert(SEALED_AS >= REGISTRY_TABLE_COUNT, "no table of the registry");
_Static_assert(BEST_FINGER_BYTES + RECORD_OVERHEAD <= LEDGER_VALUE_MAX, "a sealed record fits");

static void row_key(const struct core *core, const struct request *request,
                    uint8_t key[static LEDGER_KEY_BYTES]) {
    struct bytes person = bytes_of(request->person_key, sizeof(request->person_key));
    ledger_row_key(core->ledger, "best-finger", &person, 1, key);
}

static enum err open_record(const struct core *core, const uint8_t key[static LEDGER_KEY_BYTES],
                            struct bytes sealed, struct best_finger_record *record) {
    SECRET(plain);
    uint64_t version = 0;
    ERR_TRY(record_open(core->state_keys, SEALED_AS, bytes_of(key, LEDGER_KEY_BYTES), sealed,
                        &plain, &version));
    return best_finger_record_get(secret_view(&plain), record);
}

static enum err read_record(const struct core *core, const uint8_t key[static LEDGER_KEY_BYTES],
                            struct best_finger_record *record) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    *record = (struct best_finger_record){0};
    enum err result = ledger_read(core->ledger, key, value, &len, &count, &remaining_ms);
    if (result == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(result);
    result = open_record(core, key, bytes_of(value, len), record);
    if (result == ERR_OK)
        return ERR_OK;
    log_event(LOG_WARNING, "best-finger-unreadable", "reason=%s begun-anew=yes", err_text(result));
    *record = (struct best_finger_record){0};
    return ERR_OK;
}

static enum err write_record(struct core *core, struct request *request,
                             const uint8_t key[static LEDGER_KEY_BYTES],
                             const struct best_finger_record *record) {
    uint8_t plain[BEST_FINGER_BYTES], value[LEDGER_VALUE_MAX];
    struct buffer encoded = buffer_over(plain, sizeof(plain));
    struct buffer sealed = buffer_over(value, sizeof(value));
    struct ledger_op op = otp_plain(LEDGER_PUT, key);
    size_t failed = 0;
    best_finger_record_put(&encoded, record);
    enum err result = encoded.err;
    if (result == ERR_OK)
        result = record_seal(core->state_keys, SEALED_AS, bytes_of(key, LEDGER_KEY_BYTES), 0,
                             bytes_of(plain, encoded.len), &sealed);
    secret_wipe(plain, sizeof(plain));
    ERR_TRY(result);
    ERR_TRY(buffer_end(&sealed, &op.value));
    op.lifetime_ms = LIFETIME_MS;
    enum ledger_result put =
        ledger_claim(core->ledger, &op, 1, request->deadline_boot_ms, &failed, &request->effects);
    return put == LEDGER_WON ? ERR_OK : ERR_UNAVAILABLE;
}

void best_finger_note(struct core *core, struct request *request,
                      const struct best_finger_seen *seen, size_t count) {
    uint8_t key[LEDGER_KEY_BYTES];
    struct best_finger_record record;
    if (count == 0)
        return;
    row_key(core, request, key);
    enum err result = read_record(core, key, &record);
    if (result == ERR_OK) {
        best_finger_record_add(&record, seen, count, request->received_wall_ms);
        result = write_record(core, request, key, &record);
    }
    secret_wipe(&record, sizeof(record));
    if (result != ERR_OK)
        log_event(LOG_WARNING, "best-finger-not-noted", "reason=%s", err_text(result));
}

/* ---- what to try next ---- */

static bool is_allowed(const struct core *core, const struct request *request, uint32_t types) {
    return (request->policy.allowed & core->settings.auth_type_set & types) != 0;
}

static bool must_wait(const struct core *core, const struct request *request,
                      enum biometric_modality modality) {
    int64_t wait_ms = 0;
    return biometric_tries_wait(core, request, modality, &wait_ms) != ERR_OK || wait_ms > 0;
}

/* Whether the person could present ${modality} now, as far as rules go. */
static bool may_use(const struct core *core, const struct request *request,
                    enum biometric_modality modality) {
    static const struct {
        uint32_t types, lock;
    } rules[] = {
        [BIOMETRIC_FINGER] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) |
                                  AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR),
                              LOCK_BIO_FINGER},
        [BIOMETRIC_IRIS] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS), LOCK_BIO_IRIS},
        [BIOMETRIC_FACE] = {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE), LOCK_BIO_FACE},
    };
    return is_allowed(core, request, rules[modality].types) &&
           (request->identity->locks & rules[modality].lock) == 0 &&
           !must_wait(core, request, modality);
}

/* Bits 1 << position of what is enrolled of ${modality}. */
static uint32_t positions_of(const struct best_finger_refusal *refusal,
                             enum biometric_modality modality) {
    const struct enrolled *enrolled = refusal->enrolled;
    uint32_t positions = 0;
    for (size_t i = 0; enrolled != NULL && i < enrolled->count; i++)
        if (enrolled->parts[i].modality == modality && enrolled->parts[i].position < 32)
            positions |= 1u << enrolled->parts[i].position;
    return positions;
}

static bool was_presented(const struct best_finger_refusal *refusal,
                          enum biometric_modality modality) {
    return (refusal->presented & 1u << modality) != 0;
}

/* 0: none. Fingers that were not what was refused are no matter of advice. */
static uint8_t next_finger(const struct core *core, const struct request *request,
                           const struct best_finger_refusal *refusal) {
    uint8_t key[LEDGER_KEY_BYTES];
    struct best_finger_record record;
    uint32_t candidates = positions_of(refusal, BIOMETRIC_FINGER);
    bool is_past =
        was_presented(refusal, BIOMETRIC_FINGER) && refusal->modality != BIOMETRIC_FINGER;
    for (size_t i = 0; i < refusal->seen_count; i++)
        if (refusal->seen[i].position < BEST_FINGER_POSITIONS)
            candidates &= ~(1u << refusal->seen[i].position);
    if (is_past || candidates == 0 || !may_use(core, request, BIOMETRIC_FINGER))
        return 0;
    row_key(core, request, key);
    if (read_record(core, key, &record) != ERR_OK)
        return 0;
    uint8_t finger = best_finger_record_choose(&record, candidates, request->received_wall_ms);
    secret_wipe(&record, sizeof(record));
    return finger;
}

static bool is_child_without_codes(const struct core *core, const struct request *request) {
    struct birth_day today;
    clock_date(request->received_wall_ms, &today.year, &today.month, &today.day);
    int age = birth_age(request->identity, today);
    return core->settings.child_otp_denied && age >= 0 && age < core->settings.child_age_years;
}

static bool may_use_code(const struct core *core, const struct request *request) {
    const struct identity *identity = request->identity;
    bool phone = core->settings.channel_phone && identity->phone[0] != '\0' &&
                 (identity->locks & LOCK_OTP_PHONE) == 0;
    bool email = core->settings.channel_email && identity->email[0] != '\0' &&
                 (identity->locks & LOCK_OTP_EMAIL) == 0;
    return (phone || email) && is_allowed(core, request, AUTH_TYPE_BIT(AUTH_TYPE_OTP)) &&
           (request->policy.allowed & AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST)) != 0 &&
           (request->factors & AUTH_TYPE_BIT(AUTH_TYPE_OTP)) == 0 &&
           !is_child_without_codes(core, request);
}

static enum mosip_action other_factor(const struct core *core, const struct request *request,
                                      const struct best_finger_refusal *refusal) {
    static const struct {
        enum biometric_modality modality;
        enum mosip_action action;
    } others[] = {{BIOMETRIC_IRIS, MOSIP_ACTION_TRY_IRIS}, {BIOMETRIC_FACE, MOSIP_ACTION_TRY_FACE}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        enum biometric_modality modality = others[i].modality;
        if (!was_presented(refusal, modality) && positions_of(refusal, modality) != 0 &&
            may_use(core, request, modality))
            return others[i].action;
    }
    if (may_use_code(core, request))
        return MOSIP_ACTION_TRY_OTP;
    return must_wait(core, request, refusal->modality) ? MOSIP_ACTION_TRY_LATER
                                                       : MOSIP_ACTION_OF_ERROR;
}

_Static_assert(MOSIP_ACTION_TRY_LEFT_LITTLE - MOSIP_ACTION_TRY_RIGHT_THUMB ==
                   BEST_FINGER_POSITIONS - 2,
               "the actions of fingers are in the order of positions");

/* MLC-019 is of other factors' locks too. */
static bool is_of_biometrics(const struct statement_error *error) {
    return mosip_error_is_advised(error->error) &&
           (error->error != MOSIP_MLC_019 || strncmp(error->detail, "bio-", 4) == 0);
}

void best_finger_advise(const struct core *core, struct request *request,
                        const struct best_finger_refusal *refusal) {
    struct statement *statement = &request->statement;
    if (!request->policy.biometrics.names_factors || request->policy.uniform ||
        request->identity == NULL || statement->error_count == 0)
        return;
    struct statement_error *error = &statement->errors[statement->error_count - 1];
    if (!is_of_biometrics(error))
        return;
    uint8_t finger = error->error == MOSIP_BIA_001 ? next_finger(core, request, refusal) : 0;
    error->action = finger != 0 ? (enum mosip_action)(MOSIP_ACTION_TRY_RIGHT_THUMB + finger - 1)
                                : other_factor(core, request, refusal);
}
