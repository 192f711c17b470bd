#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "hsm/statement.h"

static const char detail_place[] = "%s";

static bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

static bool is_utf8(const char *text) {
    return codec_utf8_check(bytes_of_text(text)) == ERR_OK;
}

static bool is_token(const char *token) {
    size_t digits = 0;
    while (is_digit(token[digits]))
        digits++;
    return digits == STATEMENT_TOKEN_SIZE - 1 && token[digits] == '\0';
}

/* "XXXXXX8538": the first half and one more are hidden, and the rest are digits. */
static bool is_masked_mobile(const char *mobile) {
    size_t len = strlen(mobile), hidden = len / 2 + 1;
    if (len < 2 || strspn(mobile, "X") < hidden)
        return false;
    return mobile[hidden + strspn(mobile + hidden, "0123456789X")] == '\0';
}

/* "XXkXXiXXb@example.org": in the local part only every third character shows. */
static bool is_masked_email(const char *email) {
    const char *at = strchr(email, '@');
    if (at == NULL || at == email || at[1] == '\0' || !is_utf8(email))
        return false;
    for (const char *letter = email; letter < at && letter - email < 2; letter++)
        if (*letter != 'X')
            return false;
    return true;
}

static bool has_place(const char *text) {
    return strstr(text, detail_place) != NULL;
}

static bool is_action_allowed(const struct statement_error *error) {
    return error->action == MOSIP_ACTION_OF_ERROR ||
           (mosip_error_advice(error->action)[0] != '\0' && mosip_error_is_advised(error->error));
}

static bool is_error_whole(const struct statement_error *error) {
    const char *message = mosip_error_message(error->error);
    bool wanted = has_place(message) || has_place(mosip_error_action(error->error));
    if (message[0] == '\0' || wanted != (error->detail[0] != '\0') || !is_action_allowed(error))
        return false;
    for (const char *letter = error->detail; *letter != '\0'; letter++)
        if (*letter < ' ' || *letter > '~')
            return false;
    return true;
}

static bool is_common_part_sound(const struct statement *statement, int64_t now_ms) {
    int64_t time = statement->response_time_ms;
    if (time < now_ms - STATEMENT_CLOCK_SKEW_MS || time > now_ms + STATEMENT_CLOCK_SKEW_MS)
        return false;
    if (!is_utf8(statement->id) || !is_utf8(statement->version) || !is_utf8(statement->transaction))
        return false;
    if (statement->error_count > STATEMENT_ERRORS_MAX)
        return false;
    for (size_t i = 0; i < statement->error_count; i++)
        if (!is_error_whole(&statement->errors[i]))
            return false;
    return true;
}

static bool has_attributes(const struct statement *statement) {
    return statement->identity.len > 0 || statement->session_key.len > 0;
}

static bool is_auth_sound(const struct statement *statement) {
    if (statement->masked_mobile[0] != '\0' || statement->masked_email[0] != '\0' ||
        has_attributes(statement))
        return false;
    if (statement->verdict)
        return statement->error_count == 0 && is_token(statement->token);
    return statement->error_count > 0 && statement->token[0] == '\0';
}

static bool is_otp_sound(const struct statement *statement) {
    bool mobile = statement->masked_mobile[0] != '\0', email = statement->masked_email[0] != '\0';
    if (statement->verdict || statement->token[0] != '\0' || has_attributes(statement))
        return false;
    if (statement->error_count > 0)
        return !mobile && !email;
    if (mobile && !is_masked_mobile(statement->masked_mobile))
        return false;
    if (email && !is_masked_email(statement->masked_email))
        return false;
    return mobile || email;
}

static bool is_kyc_sound(const struct statement *statement) {
    if (statement->masked_mobile[0] != '\0' || statement->masked_email[0] != '\0')
        return false;
    if (statement->verdict)
        return statement->error_count == 0 && is_token(statement->token) &&
               statement->identity.len > 0 && statement->session_key.len > 0;
    return statement->error_count > 0 && statement->token[0] == '\0' && !has_attributes(statement);
}

static void put_text(struct buffer *body, const char *text) {
    buffer_raw(body, text, strlen(text));
}

static void put_string(struct buffer *body, const char *text) {
    put_text(body, "\"");
    codec_json_escape(body, bytes_of_text(text));
    put_text(body, "\"");
}

static void put_string_or_null(struct buffer *body, const char *text) {
    if (text[0] == '\0')
        put_text(body, "null");
    else
        put_string(body, text);
}

/* A text of the table, each place in it filled with ${detail}. */
static void put_filled(struct buffer *body, const char *text, const char *detail) {
    put_text(body, "\"");
    for (const char *place = strstr(text, detail_place); place != NULL;
         place = strstr(text, detail_place)) {
        buffer_raw(body, text, (size_t)(place - text));
        codec_json_escape(body, bytes_of_text(detail));
        text = place + strlen(detail_place);
    }
    put_text(body, text);
    put_text(body, "\"");
}

static void put_error(struct buffer *body, const struct statement_error *error) {
    const char *action = error->action != MOSIP_ACTION_OF_ERROR ? mosip_error_advice(error->action)
                                                                : mosip_error_action(error->error);
    put_text(body, "{\"errorCode\":");
    put_string(body, mosip_error_code(error->error));
    put_text(body, ",\"errorMessage\":");
    put_filled(body, mosip_error_message(error->error), error->detail);
    if (action[0] != '\0') {
        put_text(body, ",\"actionMessage\":");
        put_filled(body, action, error->detail);
    }
    put_text(body, "}");
}

static void put_errors(struct buffer *body, const struct statement *statement) {
    put_text(body, ",\"errors\":");
    if (statement->error_count == 0) {
        put_text(body, "null");
        return;
    }
    for (size_t i = 0; i < statement->error_count; i++) {
        put_text(body, i == 0 ? "[" : ",");
        put_error(body, &statement->errors[i]);
    }
    put_text(body, "]");
}

static void put_auth(struct buffer *body, const struct statement *statement) {
    put_text(body, ",\"response\":{\"authStatus\":");
    put_text(body, statement->verdict ? "true" : "false");
    put_text(body, ",\"authToken\":");
    put_string_or_null(body, statement->token);
    put_text(body, "}");
}

static void put_otp(struct buffer *body, const struct statement *statement) {
    if (statement->error_count > 0)
        return;
    put_text(body, ",\"response\":{\"maskedMobile\":");
    put_string_or_null(body, statement->masked_mobile);
    put_text(body, ",\"maskedEmail\":");
    put_string_or_null(body, statement->masked_email);
    put_text(body, "}");
}

static void put_kyc(struct buffer *body, const struct statement *statement) {
    if (!statement->verdict) {
        put_text(body, ",\"response\":{\"kycStatus\":false}");
        return;
    }
    put_text(body, ",\"response\":{\"kycStatus\":true,\"authToken\":");
    put_string(body, statement->token);
    put_text(body, ",\"thumbprint\":\"");
    codec_hex_upper(body, bytes_of(statement->certificate_thumbprint,
                                   sizeof statement->certificate_thumbprint));
    put_text(body, "\",\"identity\":\"");
    codec_base64url(body, statement->identity);
    put_text(body, "\",\"sessionKey\":\"");
    codec_base64url(body, statement->session_key);
    put_text(body, "\"}");
}

struct kind {
    bool (*is_sound)(const struct statement *statement);
    void (*put_response)(struct buffer *body, const struct statement *statement);
};

static const struct kind kinds[] = {
    [STATEMENT_AUTH] = {is_auth_sound, put_auth},
    [STATEMENT_OTP] = {is_otp_sound, put_otp},
    [STATEMENT_KYC] = {is_kyc_sound, put_kyc},
};

enum err statement_write(const struct statement *statement, int64_t now_ms, struct buffer *body) {
    char time[CLOCK_TEXT_SIZE];
    unsigned number = (unsigned)statement->kind;
    if (number >= sizeof kinds / sizeof *kinds || kinds[number].is_sound == NULL)
        return ERR_DENIED;
    if (!is_common_part_sound(statement, now_ms) || !kinds[number].is_sound(statement))
        return ERR_DENIED;
    put_text(body, "{\"id\":");
    put_string_or_null(body, statement->id);
    put_text(body, ",\"version\":");
    put_string_or_null(body, statement->version);
    put_text(body, ",\"transactionID\":");
    put_string_or_null(body, statement->transaction);
    put_text(body, ",\"responseTime\":");
    clock_format_millis(statement->response_time_ms, time);
    put_string(body, time);
    put_errors(body, statement);
    kinds[number].put_response(body, statement);
    put_text(body, "}");
    return body->err == ERR_OK ? ERR_OK : ERR_DENIED;
}
