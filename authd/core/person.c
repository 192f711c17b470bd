#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "authd/core/person.h"

#include "firmware/base/clock.h"
#include "authd/core/addresses.h"
#include "authd/core/budget.h"
#include "authd/core/token.h"
#include "authd/match/birth.h"

/* Longer than any VID lives. */
#define ALIAS_LIFETIME_MS (3650 * CLOCK_DAY_MS)

static const char *type_name(const struct request *request) {
    return request->identifier_type == IDENTIFIER_VID ? "VID" : "UIN";
}

/* The ledger row that counts the uses of the VID. */
static void alias_row_key(const struct core *core, const struct request *request,
                          uint8_t key[static LEDGER_KEY_BYTES]) {
    struct bytes alias = bytes_of(request->alias.alias_id, sizeof(request->alias.alias_id));
    ledger_row_key(core->ledger, "vid-uses", &alias, 1, key);
}

/* Whether the VID's uses have all been counted; the count itself is one with the code that uses it.
 */
static enum err check_alias_uses(const struct core *core, struct request *request) {
    uint8_t key[LEDGER_KEY_BYTES], value[LEDGER_VALUE_MAX];
    size_t len = 0;
    uint32_t count = 0;
    int64_t remaining_ms = 0;
    if (request->alias.uses == 0)
        return ERR_OK;
    alias_row_key(core, request, key);
    enum err result = ledger_read(core->ledger, key, value, &len, &count, &remaining_ms);
    if (result == ERR_OK && count >= request->alias.uses)
        request_refuse(request, MOSIP_MLC_018, "VID", "vid-used-up");
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

enum err person_use_alias(struct core *core, struct request *request) {
    struct ledger_op use = {
        .kind = LEDGER_BUMP, .limit = request->alias.uses, .lifetime_ms = ALIAS_LIFETIME_MS};
    size_t failed = 0;
    if (!request->has_alias || request->alias.uses == 0)
        return ERR_OK;
    alias_row_key(core, request, use.key);
    enum ledger_result result =
        ledger_claim(core->ledger, &use, 1, request->deadline_boot_ms, &failed, &request->effects);
    if (result == LEDGER_LIMIT)
        request_refuse(request, MOSIP_MLC_018, "VID", "vid-used-up");
    return result == LEDGER_WON || result == LEDGER_LIMIT ? ERR_OK : ERR_UNAVAILABLE;
}

/*
 * Nobody is known by this identifier, or not any more. It counts as a failure of the programme,
 * which could otherwise walk through the numbers.
 */
static enum err refuse_unknown(const struct core *core, struct request *request,
                               const char *reason) {
    struct ledger_op spend = budget_spend(core, request);
    size_t failed = 0;
    if (request_is_jose(request) && request->envelope.function == FUNCTION_OTP) {
        request_refuse(request, MOSIP_MLC_018, type_name(request), reason);
        return ERR_OK; /* the answer says nothing, and so must the budget */
    }
    switch (ledger_claim(core->ledger, &spend, 1, request->deadline_boot_ms, &failed,
                         &request->effects)) {
    case LEDGER_WON:
        request->budget_spent = true;
        request_refuse(request, MOSIP_MLC_018, type_name(request), reason);
        return ERR_OK;
    case LEDGER_LIMIT:
        request_refuse(request, MOSIP_MLC_007, "", "failure-budget-used-up");
        return ERR_OK;
    default:
        return ERR_UNAVAILABLE;
    }
}

/*
 * From the number that was presented to the person key, and of a VID to its alias. What was found
 * by which pepper, or in how many steps, is nothing that anything later depends on.
 */
static enum err trace(const struct core *core, struct request *request) {
    struct addresses addresses = addresses_of(&request->lookup);
    if (request->identifier_type != IDENTIFIER_VID)
        return registry_find_person(core->registry, addresses.of, addresses.count,
                                    request->person_key);
    ERR_TRY(registry_find_alias(core->registry, addresses.of, addresses.count, &request->alias));
    memcpy(request->person_key, request->alias.lookup_key, sizeof(request->person_key));
    return ERR_OK;
}

/* A VID that is revoked is as unknown as one that never was. */
static enum err check_alias(const struct core *core, struct request *request) {
    if (request->alias.revoked)
        return refuse_unknown(core, request, "vid-revoked");
    request->has_alias = true;
    if (request->alias.expires_ms != 0 && request->alias.expires_ms <= request->received_wall_ms) {
        request_refuse(request, MOSIP_MLC_023, "", "vid-expired");
        return ERR_OK;
    }
    return check_alias_uses(core, request);
}

enum err person_find(const struct core *core, struct request *request) {
    bool by_vid = request->identifier_type == IDENTIFIER_VID;
    enum err result = trace(core, request);
    if (result == ERR_NOT_FOUND)
        return refuse_unknown(core, request, by_vid ? "vid-unknown" : "person-unknown");
    ERR_TRY(result);
    if (by_vid)
        ERR_TRY(check_alias(core, request));
    if (request_refused(request))
        return ERR_OK;
    result = registry_identity(core->registry, request->person_key, &request->identity);
    if (result == ERR_NOT_FOUND)
        return refuse_unknown(core, request, "person-unknown");
    ERR_TRY(result);
    if (request->identity->deactivated)
        request_refuse(request, MOSIP_MLC_018, type_name(request), "person-deactivated");
    else if (request->identity->expires_ms != 0 &&
             request->identity->expires_ms <= request->received_wall_ms)
        request_refuse(request, MOSIP_MLC_022, type_name(request), "person-expired");
    return ERR_OK;
}

enum err person_recall(const struct core *core, struct request *request) {
    ERR_TRY(trace(core, request));
    return registry_identity(core->registry, request->person_key, &request->identity);
}

#define BIO_FINGER (AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR))
#define BIO_IRIS   AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS)
#define BIO_FACE   AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE)

static void filter_child(const struct core *core, struct request *request) {
    const struct settings *settings = &core->settings;
    struct birth_day today;
    clock_date(request->received_wall_ms, &today.year, &today.month, &today.day);
    int age = birth_age(request->identity, today);
    bool by_code = (request->factors & AUTH_TYPE_BIT(AUTH_TYPE_OTP)) != 0;
    bool by_body = (request->factors & (BIO_FINGER | BIO_IRIS | BIO_FACE)) != 0;
    if (age < 0 || age >= settings->child_age_years)
        return;
    if (settings->child_otp_denied && by_code)
        request_refuse(request, MOSIP_MLC_011, "otp", "child");
    else if (settings->child_bio_denied && by_body)
        request_refuse(request, MOSIP_MLC_011, "bio", "child");
}

/* A code may not be asked for over a locked channel; one that was sent is looked at with its row.
 */
static void filter_locks(struct request *request) {
    static const struct {
        uint32_t lock, factors;
        const char *name;
    } locked[] = {{LOCK_DEMO, AUTH_TYPE_BIT(AUTH_TYPE_DEMO), "demo"},
                  {LOCK_BIO_FINGER, BIO_FINGER, "bio-Finger"},
                  {LOCK_BIO_IRIS, BIO_IRIS, "bio-Iris"},
                  {LOCK_BIO_FACE, BIO_FACE, "bio-Face"}};
    const struct envelope *envelope = &request->envelope;
    uint32_t locks = request->identity->locks;
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]) && !request_refused(request); i++) {
        if ((request->factors & locked[i].factors) != 0 && (locks & locked[i].lock) != 0)
            request_refuse(request, MOSIP_MLC_019, locked[i].name, "factor-locked");
    }
    if (envelope->function != FUNCTION_OTP)
        return;
    if (envelope->channel_phone && (locks & LOCK_OTP_PHONE) != 0)
        request_refuse(request, MOSIP_MLC_019, "otp-phone", "factor-locked");
    else if (envelope->channel_email && (locks & LOCK_OTP_EMAIL) != 0)
        request_refuse(request, MOSIP_MLC_019, "otp-email", "factor-locked");
}

/*
 * A person is on the hotlist by her person key, a VID by its alias id; older entries of VIDs are by
 * the lookup key of their time.
 */
static enum err check_hotlist(const struct core *core, const struct request *request,
                              bool *blocked) {
    struct bytes ids[2 + HSM_PEPPERS_MAX] = {
        bytes_of(request->person_key, sizeof(request->person_key)),
        bytes_of(request->alias.alias_id, sizeof(request->alias.alias_id))};
    size_t count = request->has_alias ? 2 : 1;
    for (size_t i = 0; request->has_alias && i < request->lookup.count; i++)
        ids[count++] = bytes_of(request->lookup.of[i].key, sizeof(request->lookup.of[i].key));
    return registry_person_hotlisted(core->registry, ids, count, request->received_wall_ms,
                                     blocked);
}

enum err person_filter(const struct core *core, struct request *request) {
    bool partner_blocked = true, person_blocked = true;
    ERR_TRY(registry_hotlisted(core->registry, HOTLIST_PARTNER, bytes_of_text(request->partner.id),
                               request->received_wall_ms, &partner_blocked));
    ERR_TRY(check_hotlist(core, request, &person_blocked));
    if (partner_blocked)
        request_refuse(request, MOSIP_MLC_022, "PARTNER_ID", "partner-hotlisted");
    else if (person_blocked)
        request_refuse(request, MOSIP_MLC_022, type_name(request), "person-hotlisted");
    if (!request_refused(request))
        filter_child(core, request);
    if (!request_refused(request))
        filter_locks(request);
    return ERR_OK;
}

/* A retry must get the same one, which nobody else can foresee. */
static enum err token_of_body(const struct core *core, struct request *request) {
    SECRET(key);
    uint8_t seed[TOKEN_SEED_BYTES];
    ERR_TRY(record_keys_derive(core->state_keys, CORE_ROOT_GENERATION, "jose-token", &key));
    crypto_generichash(seed, sizeof(seed), request->body_hash, sizeof(request->body_hash), key.data,
                       key.len);
    return token_of_seed(seed, request->statement.token);
}

enum err person_token(const struct core *core, struct request *request) {
    const struct policy *policy = &request->policy;
    if (policy->token_type == AUTH_TOKEN_RANDOM)
        return request_is_jose(request) ? token_of_body(core, request)
                                        : token_random(request->statement.token);
    const char *audience =
        policy->token_type == AUTH_TOKEN_PARTNER ? request->partner.id : policy->id;
    return token_derive(request->identity->token, audience, core->national.uin_salt,
                        core->national.partner_salt, request->statement.token);
}

void person_mask_phone(const char *phone, char *masked, size_t size) {
    size_t len = strlen(phone), hidden = len / 2 + 1;
    snprintf(masked, size, "%s", phone);
    for (size_t i = 0; i < hidden && i < len && i + 1 < size; i++)
        masked[i] = 'X';
}

void person_mask_email(const char *email, char *masked, size_t size) {
    snprintf(masked, size, "%s", email);
    const char *at = strchr(email, '@');
    size_t local = at != NULL ? (size_t)(at - email) : strlen(email);
    for (size_t i = 0; i < local && i + 1 < size; i++) {
        if ((i + 1) % 3 != 0)
            masked[i] = 'X';
    }
}

void person_commitment(const struct request *request,
                       uint8_t commitment[static PERSON_COMMITMENT_BYTES]) {
    memset(commitment, 0, PERSON_COMMITMENT_BYTES);
    if (request->identity == NULL)
        return;
    crypto_generichash(commitment, PERSON_COMMITMENT_BYTES, request->person_key,
                       sizeof(request->person_key), request->identity->audit_salt,
                       sizeof(request->identity->audit_salt));
}
