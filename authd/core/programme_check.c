#include <string.h>

#include "authd/core/programme_check.h"

/* Reads one row; NOT_FOUND is an answer, anything else an error. */
static enum err found(enum err result, bool *has) {
    *has = result == ERR_OK;
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

enum err programme_load(struct registry *registry, struct request *request) {
    const struct envelope *envelope = &request->envelope;
    ERR_TRY(found(registry_partner(registry, envelope->partner_id, &request->partner),
                  &request->has_partner));
    if (!request_is_jose(request))
        ERR_TRY(found(registry_misp(registry, envelope->misp_license_key, &request->misp),
                      &request->has_misp));
    ERR_TRY(found(
        registry_api_key(registry, envelope->partner_id, envelope->api_key, &request->api_key),
        &request->has_api_key));
    if (!request->has_api_key)
        return ERR_OK;
    return found(registry_policy(registry, request->api_key.policy_id, &request->policy),
                 &request->has_policy);
}

static bool in_time(int64_t now_ms, int64_t from_ms, int64_t until_ms) {
    return (from_ms == 0 || from_ms <= now_ms) && (until_ms == 0 || now_ms <= until_ms);
}

static bool is_not_mapped(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return !request->has_partner || !request->has_api_key;
}

static bool is_partner_deleted(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->partner.status == STATUS_DELETED;
}

static bool is_partner_inactive(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->partner.status != STATUS_ACTIVE;
}

static bool is_policy_unknown(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return !request->has_policy || request->policy.status == STATUS_DELETED;
}

static bool is_policy_inactive(const struct request *request, int64_t now_ms) {
    return request->policy.status != STATUS_ACTIVE ||
           !in_time(now_ms, request->policy.commences_ms, request->policy.expires_ms);
}

static bool is_api_key_deleted(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->api_key.status == STATUS_DELETED;
}

static bool is_api_key_inactive(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->api_key.status != STATUS_ACTIVE;
}

static bool is_api_key_out_of_time(const struct request *request, int64_t now_ms) {
    return !in_time(now_ms, request->api_key.commences_ms, request->api_key.expires_ms);
}

static bool is_certificate_missing(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return !request->partner.has_certificate;
}

static bool is_certificate_different(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->standing != STANDING_PROGRAMME;
}

static bool is_misp_unknown(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return !request->has_misp || request->misp.status == STATUS_DELETED;
}

static bool is_misp_blocked(const struct request *request, int64_t now_ms) {
    (void)now_ms;
    return request->misp.status != STATUS_ACTIVE;
}

static bool is_misp_early(const struct request *request, int64_t now_ms) {
    return request->misp.commences_ms != 0 && now_ms < request->misp.commences_ms;
}

static bool is_misp_expired(const struct request *request, int64_t now_ms) {
    return request->misp.expires_ms != 0 && now_ms > request->misp.expires_ms;
}

/* §6.2 step 12, in its order. The wire code is MOSIP's; the reason tells apart what it lumps
 * together. */
static const struct {
    bool (*fails)(const struct request *request, int64_t now_ms);
    enum mosip_error error;
    const char *reason;
    bool mosip_alone; /* the JOSE profile has keys of its own, and no MISP */
} standing_checks[] = {
    {is_not_mapped, MOSIP_MPA_009, "partner-or-api-key-unknown", false},
    {is_partner_deleted, MOSIP_MPA_009, "partner-deleted", false},
    {is_partner_inactive, MOSIP_MPA_012, "partner-suspended", false},
    {is_policy_unknown, MOSIP_MPA_018, "policy-unknown", false},
    {is_policy_inactive, MOSIP_MPA_019, "policy-inactive", false},
    {is_api_key_deleted, MOSIP_MPA_009, "api-key-deleted", false},
    {is_api_key_inactive, MOSIP_MPA_012, "api-key-suspended", false},
    {is_api_key_out_of_time, MOSIP_MPA_039, "api-key-out-of-time", false},
    {is_certificate_missing, MOSIP_MPA_020, "certificate-not-registered", true},
    {is_certificate_different, MOSIP_MPA_021, "certificate-differs", false},
    {is_misp_unknown, MOSIP_MPA_007, "misp-unknown", true},
    {is_misp_blocked, MOSIP_MPA_017, "misp-blocked", true},
    {is_misp_early, MOSIP_MPA_007, "misp-not-commenced", true},
    {is_misp_expired, MOSIP_MPA_008, "misp-expired", true},
};

void programme_check_standing(struct request *request, int64_t now_ms) {
    for (size_t i = 0; i < sizeof(standing_checks) / sizeof(standing_checks[0]); i++) {
        if (standing_checks[i].mosip_alone && request_is_jose(request))
            continue;
        if (standing_checks[i].fails(request, now_ms)) {
            request_refuse_filter(request, standing_checks[i].error, "", standing_checks[i].reason);
            return;
        }
    }
}

void programme_check_call(struct request *request) {
    enum envelope_function function = request->envelope.function;
    uint32_t allowed = request->policy.allowed;
    if (function == FUNCTION_OTP && (allowed & AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST)) == 0)
        request_refuse_filter(request, MOSIP_MPA_005, "", "otp-request-not-in-policy");
    else if (function == FUNCTION_KYC && (allowed & AUTH_TYPE_BIT(AUTH_TYPE_KYC)) == 0)
        request_refuse_filter(request, MOSIP_MPA_013, "", "kyc-not-in-policy");
}

static void check_allowed(struct request *request) {
    const struct policy *policy = &request->policy;
    for (unsigned type = 0; type < AUTH_TYPE_COUNT; type++) {
        if ((request->factors & ~policy->allowed & AUTH_TYPE_BIT(type)) != 0) {
            request_refuse_filter(request, MOSIP_MPA_006, auth_type_text(type),
                                  "factor-not-in-policy");
            return;
        }
    }
}

static void check_mandatory(struct request *request) {
    for (unsigned type = 0; type < AUTH_TYPE_COUNT; type++) {
        bool is_factor = type != AUTH_TYPE_OTP_REQUEST && type != AUTH_TYPE_KYC;
        if (is_factor &&
            (request->policy.mandatory & ~request->factors & AUTH_TYPE_BIT(type)) != 0) {
            request_refuse_filter(request, MOSIP_MPA_015, auth_type_text(type),
                                  "mandatory-factor-missing");
            return;
        }
    }
}

void programme_check_factors(struct request *request) {
    programme_check_call(request);
    if (request_refused(request) || request->envelope.function == FUNCTION_OTP)
        return;
    check_allowed(request);
    if (!request_refused(request))
        check_mandatory(request);
}
