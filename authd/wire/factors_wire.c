#include <string.h>

#include "firmware/base/codec.h"
#include "authd/wire/factors_wire.h"
#include "authd/wire/field.h"
#include "authd/wire/sample_wire.h"

#define OTP_DIGITS 6

static void put_demographics(struct buffer *target, const struct payload *answer) {
    buffer_bool(target, answer->demographics_malformed);
    buffer_u8(target, (uint8_t)answer->demographic_count);
    for (size_t i = 0; i < answer->demographic_count; i++) {
        const struct payload_demographic *demographic = &answer->demographics[i];
        buffer_text(target, demographic->name);
        buffer_u8(target, (uint8_t)demographic->language_presence);
        buffer_text(target, demographic->language);
        buffer_block(target, demographic->value);
    }
}

/* A text of any length up to the bound, which stays in the frame. */
static struct bytes get_value(struct cursor *cursor) {
    struct bytes value = cursor_block(cursor, PAYLOAD_VALUE_MAX);
    field_require(cursor, value.len == 0 || memchr(value.data, 0, value.len) == NULL);
    field_require(cursor, codec_utf8_check(value) == ERR_OK);
    return value;
}

static void get_demographic(struct cursor *cursor, struct payload_demographic *demographic) {
    field_text(cursor, demographic->name, sizeof demographic->name);
    demographic->language_presence =
        (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    field_text(cursor, demographic->language, sizeof demographic->language);
    demographic->value = get_value(cursor);
    bool has_language = demographic->language_presence == FIELD_PRESENT;
    field_require(cursor, field_is_visible(demographic->name));
    field_require(cursor, demographic->language_presence != FIELD_WRONG_TYPE);
    field_require(cursor, has_language || demographic->language[0] == '\0');
}

static void get_demographics(struct cursor *cursor, struct payload *answer) {
    answer->demographics_malformed = cursor_bool(cursor);
    answer->demographic_count = field_enum(cursor, 0, PAYLOAD_DEMOGRAPHICS_MAX);
    for (size_t i = 0; i < answer->demographic_count; i++)
        get_demographic(cursor, &answer->demographics[i]);
    bool any = answer->demographic_count > 0;
    field_require(cursor, !answer->demographics_malformed || !any);
    field_require(cursor, answer->has_demographics == (answer->demographics_malformed || any));
}

/* What the block says is for sample_wire_get_segments to judge: it has no text when malformed. */
static void get_biometrics(struct cursor *cursor, struct payload *answer) {
    answer->biometrics_text = cursor_block(cursor, EDGE_BODY_MAX);
    answer->biometric_segments = cursor_block(cursor, SAMPLE_SEGMENTS_MAX);
    field_require(cursor, codec_utf8_check(answer->biometrics_text) == ERR_OK);
    field_require(cursor, answer->has_biometrics == (answer->biometric_segments.len > 0));
    field_require(cursor, answer->has_biometrics || answer->biometrics_text.len == 0);
}

static bool otp_agrees(const struct payload *answer) {
    if (answer->otp_well_formed)
        return answer->has_otp && field_is_digits(answer->otp, OTP_DIGITS);
    return answer->otp[0] == '\0';
}

void factors_wire_put(struct buffer *target, const struct payload *answer) {
    buffer_bool(target, answer->has_otp);
    buffer_bool(target, answer->otp_well_formed);
    buffer_text(target, answer->otp);
    buffer_bool(target, answer->has_demographics);
    put_demographics(target, answer);
    buffer_bool(target, answer->has_biometrics);
    buffer_bool(target, answer->has_static_pin);
    buffer_bool(target, answer->has_password);
    buffer_bool(target, answer->has_bound_tokens);
    buffer_block(target, answer->biometrics_text);
    buffer_block(target, answer->biometric_segments);
}

void factors_wire_get(struct cursor *cursor, struct payload *answer) {
    answer->has_otp = cursor_bool(cursor);
    answer->otp_well_formed = cursor_bool(cursor);
    field_text(cursor, answer->otp, sizeof answer->otp);
    answer->has_demographics = cursor_bool(cursor);
    get_demographics(cursor, answer);
    answer->has_biometrics = cursor_bool(cursor);
    answer->has_static_pin = cursor_bool(cursor);
    answer->has_password = cursor_bool(cursor);
    answer->has_bound_tokens = cursor_bool(cursor);
    get_biometrics(cursor, answer);
    field_require(cursor, otp_agrees(answer));
}
