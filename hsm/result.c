#include <string.h>

#include "firmware/base/codec.h"
#include "hsm/result.h"

#define SUBJECT_DIGITS 36

/* What an amr is called (RFC 8176), and what kind of proof it is. */
enum proof { PROOF_CODE = 1, PROOF_DECLARED = 2, PROOF_BIOMETRIC = 4 };

static const struct method {
    enum result_amr amr;
    const char *name;
    enum proof proof;
} methods[] = {
    {RESULT_AMR_OTP, "otp", PROOF_CODE},        {RESULT_AMR_KBA, "kba", PROOF_DECLARED},
    {RESULT_AMR_FPT, "fpt", PROOF_BIOMETRIC},   {RESULT_AMR_IRIS, "iris", PROOF_BIOMETRIC},
    {RESULT_AMR_FACE, "face", PROOF_BIOMETRIC},
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)

static const char *const acr_names[] = {
    [RESULT_ACR_GENERATED_CODE] = "idbb:acr:generated-code",
    [RESULT_ACR_BIOMETRICS] = "idbb:acr:biometrics",
    [RESULT_ACR_BIOMETRICS_GENERATED_CODE] = "idbb:acr:biometrics-generated-code",
    [RESULT_ACR_DECLARED] = "idcs:acr:declared",
};

/* The kinds of proof, added up; 0 when there is none or one that is not known. */
static unsigned proofs_of(uint32_t amr) {
    unsigned proofs = 0;
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if ((amr & methods[i].amr) != 0)
            proofs |= methods[i].proof;
        amr &= ~(uint32_t)methods[i].amr;
    }
    return amr == 0 ? proofs : 0;
}

enum result_acr result_acr_of(uint32_t amr) {
    unsigned proofs = proofs_of(amr);
    bool code = (proofs & PROOF_CODE) != 0, biometric = (proofs & PROOF_BIOMETRIC) != 0;
    if (code && biometric)
        return RESULT_ACR_BIOMETRICS_GENERATED_CODE;
    if (biometric)
        return RESULT_ACR_BIOMETRICS;
    if (code)
        return RESULT_ACR_GENERATED_CODE;
    return proofs != 0 ? RESULT_ACR_DECLARED : (enum result_acr)0;
}

/* Printable ASCII of at least one and less than ${size} characters. */
static bool is_printable(const char *text, size_t size) {
    size_t len = strnlen(text, size);
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return len > 0 && len < size;
}

static bool is_subject(const char *subject) {
    return strspn(subject, "0123456789") == SUBJECT_DIGITS && subject[SUBJECT_DIGITS] == '\0';
}

static bool are_times_sound(const struct result *result, int64_t now_ms) {
    int64_t now_s = now_ms / 1000;
    if (result->issued_s > now_s + RESULT_SKEW_SECONDS ||
        result->issued_s < now_s - RESULT_AGE_MAX_SECONDS)
        return false;
    if (result->auth_time_s > result->issued_s ||
        result->auth_time_s < result->issued_s - RESULT_AGE_MAX_SECONDS)
        return false;
    return result->lifetime_seconds > 0 && result->lifetime_seconds <= RESULT_LIFETIME_MAX_SECONDS;
}

static bool is_value_sound(const struct result_attribute *attribute) {
    switch (attribute->kind) {
    case RESULT_VALUE_TEXT:
        return attribute->value.len <= RESULT_VALUE_MAX &&
               codec_utf8_check(attribute->value) == ERR_OK;
    case RESULT_VALUE_TRUE:
    case RESULT_VALUE_FALSE:
        return attribute->value.len == 0;
    case RESULT_VALUE_BYTES:
        return attribute->value.len <= RESULT_VALUE_MAX;
    }
    return false;
}

static bool are_attributes_sound(const struct result *result) {
    size_t count = result->attribute_count;
    if (count > RESULT_ATTRIBUTES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct result_attribute *attribute = &result->attributes[i];
        if (!is_printable(attribute->name, sizeof attribute->name) || !is_value_sound(attribute))
            return false;
        for (size_t before = 0; before < i; before++)
            if (strcmp(attribute->name, result->attributes[before].name) == 0)
                return false;
    }
    return true;
}

static bool is_sound(const struct result *result, const char *issuer, int64_t now_ms) {
    bool has_attributes = result->kind == RESULT_ATTRIBUTES;
    if (!has_attributes && (result->kind != RESULT_AUTHENTICATION || result->attribute_count != 0))
        return false;
    return is_printable(issuer, RESULT_ISSUER_SIZE) &&
           is_printable(result->audience, sizeof result->audience) &&
           is_printable(result->transaction, sizeof result->transaction) &&
           is_subject(result->subject) && result_acr_of(result->amr) != 0 &&
           are_times_sound(result, now_ms) && are_attributes_sound(result);
}

static void put_text(struct buffer *claims, const char *text) {
    buffer_raw(claims, text, strlen(text));
}

static void put_string(struct buffer *claims, struct bytes text) {
    put_text(claims, "\"");
    codec_json_escape(claims, text);
    put_text(claims, "\"");
}

static void put_claim(struct buffer *claims, const char *name, const char *value) {
    buffer_format(claims, ",\"%s\":", name);
    put_string(claims, bytes_of_text(value));
}

static void put_amr(struct buffer *claims, uint32_t amr) {
    unsigned proofs = proofs_of(amr);
    const char *separator = "";
    put_text(claims, ",\"amr\":[");
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if ((amr & methods[i].amr) == 0)
            continue;
        buffer_format(claims, "%s\"%s\"", separator, methods[i].name);
        separator = ",";
    }
    bool is_single = (proofs & (proofs - 1)) == 0;
    put_text(claims, is_single ? "]" : ",\"mfa\"]");
}

static void put_value(struct buffer *claims, const struct result_attribute *attribute) {
    switch (attribute->kind) {
    case RESULT_VALUE_TEXT:
        put_string(claims, attribute->value);
        break;
    case RESULT_VALUE_TRUE:
        put_text(claims, "true");
        break;
    case RESULT_VALUE_FALSE:
        put_text(claims, "false");
        break;
    case RESULT_VALUE_BYTES:
        put_text(claims, "\"");
        codec_base64(claims, attribute->value);
        put_text(claims, "\"");
        break;
    }
}

static void put_attributes(struct buffer *claims, const struct result *result) {
    put_text(claims, ",\"attributes\":{");
    for (size_t i = 0; i < result->attribute_count; i++) {
        put_text(claims, i == 0 ? "" : ",");
        put_string(claims, bytes_of_text(result->attributes[i].name));
        put_text(claims, ":");
        put_value(claims, &result->attributes[i]);
    }
    put_text(claims, "}");
}

enum err result_write(const struct result *result, const char *issuer, int64_t now_ms,
                      struct buffer *claims) {
    if (!is_sound(result, issuer, now_ms))
        return ERR_DENIED;
    put_text(claims, "{\"iss\":");
    put_string(claims, bytes_of_text(issuer));
    put_claim(claims, "sub", result->subject);
    put_claim(claims, "aud", result->audience);
    buffer_format(claims, ",\"iat\":%lld,\"exp\":%lld", (long long)result->issued_s,
                  (long long)result->issued_s + result->lifetime_seconds);
    put_text(claims, ",\"jti\":\"");
    codec_base64url(claims, bytes_of(result->jti, sizeof result->jti));
    put_text(claims, "\"");
    put_claim(claims, "txn", result->transaction);
    buffer_format(claims, ",\"auth_time\":%lld", (long long)result->auth_time_s);
    put_amr(claims, result->amr);
    put_claim(claims, "acr", acr_names[result_acr_of(result->amr)]);
    if (result->kind == RESULT_ATTRIBUTES)
        put_attributes(claims, result);
    put_text(claims, "}");
    return claims->err == ERR_OK ? ERR_OK : ERR_DENIED;
}

const char *result_type(enum result_kind kind) {
    return kind == RESULT_ATTRIBUTES ? "idcs-attributes+jwt" : "idcs-result+jwt";
}
