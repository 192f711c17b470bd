#include <stdio.h>
#include <string.h>

#include "authd/core/request_check.h"

#include "authd/core/biometric_check.h"
#include "authd/core/demo.h"

static const struct {
    enum envelope_function function;
    const char *id;
} functions[] = {
    {FUNCTION_AUTH, "mosip.identity.auth"},
    {FUNCTION_OTP, "mosip.identity.otp"},
    {FUNCTION_KYC, "mosip.identity.kyc"},
};

static bool is_blank(const struct text_field *field) {
    return field->presence <= FIELD_NULL || (field->presence == FIELD_PRESENT &&
                                             field->text[strspn(field->text, " \t\r\n")] == '\0');
}

static bool is_version(const char *text) {
    size_t len = strlen(text);
    if (len != 3 && len != 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (i % 2 == 0 ? !digit : text[i] != '.')
            return false;
    }
    return true;
}

void request_check_envelope(struct request *request) {
    const struct envelope *envelope = &request->envelope;
    const char *id = "";
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (functions[i].function == envelope->function)
            id = functions[i].id;
    }
    if (!envelope->body_is_json)
        request_refuse_filter(request, MOSIP_MLC_007, "", "body-not-json");
    else if (is_blank(&envelope->id))
        request_refuse_filter(request, MOSIP_MLC_006, "id", "id-missing");
    else if (strcmp(envelope->id.text, id) != 0)
        request_refuse_filter(request, MOSIP_MLC_009, "id", "id-wrong");
    else if (is_blank(&envelope->version))
        request_refuse_filter(request, MOSIP_MLC_006, "version", "version-missing");
    else if (!is_version(envelope->version.text))
        request_refuse_filter(request, MOSIP_MLC_009, "version", "version-wrong");
    else if (!envelope->path_complete)
        request_refuse_filter(request, MOSIP_MPA_038, "", "path-incomplete");
    else if (envelope->jws == JWS_ABSENT)
        request_refuse_filter(request, MOSIP_MLC_006, "signature header", "signature-missing");
}

void request_check_authorization(struct request *request) {
    if (!request->envelope.authorization_present)
        request_refuse_filter(request, MOSIP_MLC_006, "Authorization - header",
                              "authorization-missing");
}

void request_check_payload(struct request *request) {
    const struct payload *payload = &request->payload;
    if (!payload->hmac_opened || !payload->request_opened)
        request_refuse_filter(request, MOSIP_MPA_003, "", "payload-not-opened");
    else if (!payload->hash_matches)
        request_refuse_filter(request, MOSIP_MPA_016, "", "payload-hash-differs");
    else if (!payload->is_json)
        request_refuse_filter(request, MOSIP_MLC_007, "", "payload-not-json");
}

uint32_t request_factors(const struct payload *payload) {
    const struct {
        bool present;
        enum auth_type type;
    } factors[] = {
        {payload->has_otp, AUTH_TYPE_OTP},          {payload->has_demographics, AUTH_TYPE_DEMO},
        {payload->has_static_pin, AUTH_TYPE_PIN},   {payload->has_password, AUTH_TYPE_PWD},
        {payload->has_bound_tokens, AUTH_TYPE_KBT},
    };
    uint32_t set = 0;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
        set |= factors[i].present ? AUTH_TYPE_BIT(factors[i].type) : 0;
    return set;
}

bool request_is_out_of_time(const struct request *request, const struct settings *settings,
                            int64_t time_ms) {
    int64_t now_ms = request->received_wall_ms;
    return time_ms > now_ms + settings->request_future_seconds * 1000 ||
           time_ms < now_ms - settings->request_age_seconds * 1000;
}

static void check_time(struct request *request, const struct settings *settings, bool valid,
                       int64_t time_ms, const char *name) {
    char seconds[24];
    snprintf(seconds, sizeof(seconds), "%lld", (long long)settings->request_age_seconds);
    if (!valid)
        request_refuse(request, MOSIP_MLC_009, name, "time-malformed");
    else if (request_is_out_of_time(request, settings, time_ms))
        request_refuse(request, MOSIP_MLC_001, seconds, "time-outside-window");
}

static void check_consent(struct request *request, const struct settings *settings) {
    (void)settings;
    const struct envelope *envelope = &request->envelope;
    if (envelope->function != FUNCTION_OTP &&
        (envelope->consent_presence != FIELD_PRESENT || !envelope->consent))
        request_refuse(request, MOSIP_MLC_012, "", "consent-missing");
}

static void check_times(struct request *request, const struct settings *settings) {
    const struct envelope *envelope = &request->envelope;
    if (is_blank(&envelope->request_time))
        request_refuse(request, MOSIP_MLC_006, "requestTime", "time-missing");
    else
        check_time(request, settings, envelope->request_time_valid, envelope->request_time_ms,
                   "requestTime");
    if (envelope->function == FUNCTION_OTP || request_refused(request))
        return;
    if (is_blank(&request->payload.timestamp))
        request_refuse(request, MOSIP_MLC_006, "request/timestamp", "time-missing");
    else
        check_time(request, settings, request->payload.timestamp_valid,
                   request->payload.timestamp_ms, "request/timestamp");
}

/* domainUri and env may be null; a value must be one of the allowed (§1.5). */
static void check_listed(struct request *request, const struct text_field *field, const char *list,
                         const char *name) {
    if (field->presence > FIELD_NULL && !settings_list_has(list, field->text))
        request_refuse(request, MOSIP_MLC_009, name, "value-not-allowed");
}

static void check_domain(struct request *request, const struct settings *settings) {
    if (request->envelope.function == FUNCTION_OTP)
        return;
    check_listed(request, &request->envelope.domain_uri, settings->domain_uris, "domainUri");
    check_listed(request, &request->envelope.env, settings->environments, "env");
}

static bool is_transaction_id(const char *text) {
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return strlen(text) == 10 && strspn(text, allowed) == 10;
}

static void check_transaction(struct request *request, const struct settings *settings) {
    (void)settings;
    const struct text_field *field = &request->envelope.transaction_id;
    if (is_blank(field))
        request_refuse(request, MOSIP_MLC_006, "transactionID", "transaction-missing");
    else if (!is_transaction_id(field->text))
        request_refuse(request, MOSIP_MLC_009, "transactionID", "transaction-malformed");
}

/* Those the country allows. */
static void check_country(struct request *request, const struct settings *settings) {
    if (request->envelope.function == FUNCTION_OTP)
        return;
    for (unsigned type = 0; type < AUTH_TYPE_COUNT; type++) {
        if ((request->factors & ~settings->auth_type_set & AUTH_TYPE_BIT(type)) != 0)
            request_refuse(request, MOSIP_MLC_011, auth_type_text(type), "factor-not-in-country");
    }
}

static void check_presence(struct request *request, const struct settings *settings) {
    (void)settings;
    if (request->envelope.function == FUNCTION_OTP)
        return;
    if (request->factors == 0)
        request_refuse(request, MOSIP_MLC_008, "", "no-factor");
    else if (request->payload.has_otp && !request->payload.otp_well_formed)
        request_refuse(request, MOSIP_MLC_009, "OTP", "otp-malformed");
}

static void check_demographics(struct request *request, const struct settings *settings) {
    if (request->envelope.function != FUNCTION_OTP)
        demo_check(settings, request);
}

static void check_identifier(struct request *request, const struct settings *settings) {
    const struct text_field *id = &request->envelope.individual_id;
    const struct text_field *type = &request->envelope.individual_id_type;
    bool uin = strcmp(type->text, "UIN") == 0, vid = strcmp(type->text, "VID") == 0;
    if (is_blank(id)) {
        request_refuse(request, MOSIP_MLC_006, "individualId", "identifier-missing");
    } else if (type->presence > FIELD_NULL && is_blank(type)) {
        request_refuse(request, MOSIP_MLC_006, "individualIdType", "identifier-type-blank");
    } else if (type->presence > FIELD_NULL && !uin && !vid && strcmp(type->text, "HANDLE") != 0) {
        request_refuse(request, MOSIP_MLC_009, "individualIdType", "identifier-type-unknown");
    } else if (type->presence > FIELD_NULL &&
               !((uin && settings->allow_uin) || (vid && settings->allow_vid))) {
        request_refuse(request, MOSIP_MLC_015, type->text, "identifier-type-not-in-country");
    } else if (request_is_jose(request)) {
        return; /* what none can be is as unknown there as any other */
    } else if (!request->identifier_ready && type->presence <= FIELD_NULL) {
        request_refuse(request, MOSIP_MLC_009, "individualId", "identifier-of-no-type");
    } else if (!request->identifier_ready) {
        request_refuse(request, uin ? MOSIP_MLC_002 : MOSIP_MLC_004, "", "identifier-malformed");
    }
}

static void check_channels(struct request *request, const struct settings *settings) {
    const struct envelope *envelope = &request->envelope;
    if (envelope->function != FUNCTION_OTP)
        return;
    char detail[STATEMENT_DETAIL_SIZE];
    snprintf(detail, sizeof(detail), "otpChannel - %s", envelope->channel_unknown);
    if (envelope->channels_presence == FIELD_WRONG_TYPE ||
        envelope->channels_presence == FIELD_TOO_LONG || envelope->channel_unknown[0] != '\0')
        request_refuse(request, MOSIP_MLC_009, detail, "channel-unknown");
    else if (!envelope->channel_phone && !envelope->channel_email)
        request_refuse(request, MOSIP_OTA_008, "", "channel-missing");
    else if (envelope->channel_phone && !settings->channel_phone)
        request_refuse(request, MOSIP_OTA_009, "phone", "channel-not-in-country");
    else if (envelope->channel_email && !settings->channel_email)
        request_refuse(request, MOSIP_OTA_009, "email", "channel-not-in-country");
}

void request_check_content(struct request *request, const struct settings *settings) {
    static void (*const groups[])(struct request *, const struct settings *) = {
        check_country,      biometric_check_fields, check_presence,
        check_demographics, check_identifier,       check_channels};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && !request_refused(request); i++)
        groups[i](request, settings);
}

void request_check_fields(struct request *request, const struct settings *settings) {
    static void (*const groups[])(struct request *, const struct settings *) = {
        check_consent, check_times, check_domain, check_transaction, request_check_content};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && !request_refused(request); i++)
        groups[i](request, settings);
}

static bool obeys(const char *text, enum identifier_type type, uint32_t rules) {
    uint32_t broken = 0;
    return identifier_check(text, type, rules, &broken) == ERR_OK && broken == 0;
}

void request_prepare_identifier(struct request *request, const struct settings *settings) {
    const struct text_field *id = &request->envelope.individual_id;
    const struct text_field *type = &request->envelope.individual_id_type;
    bool any = type->presence <= FIELD_NULL;
    request->identifier_ready = false;
    if (id->presence != FIELD_PRESENT)
        return;
    if (settings->allow_uin && (any || strcmp(type->text, "UIN") == 0) &&
        obeys(id->text, IDENTIFIER_UIN, settings->uin_rule_set)) {
        request->identifier_type = IDENTIFIER_UIN;
        request->identifier_ready = true;
    } else if (settings->allow_vid && (any || strcmp(type->text, "VID") == 0) &&
               obeys(id->text, IDENTIFIER_VID, settings->vid_rule_set)) {
        request->identifier_type = IDENTIFIER_VID;
        request->identifier_ready = true;
    }
}
