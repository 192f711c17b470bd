#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/secret.h"
#include "authd/wire/factors_wire.h"
#include "authd/wire/field.h"
#include "authd/wire/member_wire.h"
#include "authd/wire/unseal_wire.h"

#define JWS_SIGNATURE_MAX 512 /* RSA of at most 4096 bits */
#define SEALED_MIN        32  /* tag and IV around nothing */
#define THUMBPRINT_BYTES  32

/* Unseal has no use for the method, which is always POST, nor for the time. */
void unseal_wire_put_envelope_question(struct buffer *target, const struct edge_request *request) {
    buffer_block(target, request->path);
    buffer_bool(target, request->has_signature);
    buffer_block(target, request->signature);
    buffer_bool(target, request->has_authorization);
    buffer_block(target, request->authorization);
    buffer_block(target, request->body);
}

enum err unseal_wire_get_envelope_question(struct bytes payload, struct edge_request *request) {
    struct cursor cursor = cursor_over(payload);
    struct edge_request read = {.method = EDGE_POST};
    read.path = cursor_block(&cursor, EDGE_PATH_MAX);
    read.has_signature = cursor_bool(&cursor);
    read.signature = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.has_authorization = cursor_bool(&cursor);
    read.authorization = cursor_block(&cursor, EDGE_AUTHORIZATION_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    field_require(&cursor, read.has_signature || read.signature.len == 0);
    field_require(&cursor, read.has_authorization || read.authorization.len == 0);

    *request = (struct edge_request){0};
    ERR_TRY(cursor_end(&cursor));
    *request = read;
    return ERR_OK;
}

/* A time is read again here: what the text says, and nothing else, is the time. */
static void put_time(struct buffer *target, bool valid, int64_t wall_ms) {
    buffer_bool(target, valid);
    buffer_i64(target, wall_ms);
}

static void get_time(struct cursor *cursor, const struct text_field *text, bool *valid,
                     int64_t *wall_ms) {
    *valid = cursor_bool(cursor);
    *wall_ms = cursor_i64(cursor);
    int64_t expected = 0;
    bool parses = text->presence == FIELD_PRESENT &&
                  clock_parse_millis(bytes_of_text(text->text), &expected) == ERR_OK;
    field_require(cursor, *valid == parses);
    field_require(cursor, *wall_ms == (parses ? expected : 0));
}

static void put_path(struct buffer *target, const struct envelope *envelope) {
    buffer_u8(target, (uint8_t)envelope->function);
    buffer_bool(target, envelope->path_complete);
    buffer_text(target, envelope->misp_license_key);
    buffer_text(target, envelope->partner_id);
    buffer_text(target, envelope->api_key);
}

static void get_path(struct cursor *cursor, struct envelope *envelope) {
    envelope->function = (enum envelope_function)field_enum(cursor, FUNCTION_NONE, FUNCTION_KYC);
    envelope->path_complete = cursor_bool(cursor);
    field_line(cursor, envelope->misp_license_key, sizeof envelope->misp_license_key);
    field_line(cursor, envelope->partner_id, sizeof envelope->partner_id);
    field_line(cursor, envelope->api_key, sizeof envelope->api_key);
    field_require(cursor, envelope->function != FUNCTION_NONE || !envelope->path_complete);
}

static void put_headers(struct buffer *target, const struct envelope *envelope) {
    buffer_bool(target, envelope->authorization_present);
    buffer_u8(target, (uint8_t)envelope->jws);
    buffer_raw(target, envelope->certificate_thumbprint, sizeof envelope->certificate_thumbprint);
    buffer_u16(target, envelope->jws_protected_len);
    buffer_block(target, envelope->jws_signature);
}

static void get_headers(struct cursor *cursor, struct envelope *envelope) {
    envelope->authorization_present = cursor_bool(cursor);
    envelope->jws = (enum jws_shape)field_enum(cursor, JWS_ABSENT, JWS_READ);
    cursor_copy(cursor, envelope->certificate_thumbprint, sizeof envelope->certificate_thumbprint);
    envelope->jws_protected_len = cursor_u16(cursor);
    envelope->jws_signature = cursor_block(cursor, JWS_SIGNATURE_MAX);
    bool read = envelope->jws == JWS_READ;
    field_require(cursor, read == (envelope->jws_signature.len > 0));
    field_require(cursor, read == (envelope->jws_protected_len > 0));
    field_require(cursor, envelope->jws_protected_len < EDGE_SIGNATURE_MAX);
}

static void put_channels(struct buffer *target, const struct envelope *envelope) {
    buffer_u8(target, (uint8_t)envelope->channels_presence);
    buffer_bool(target, envelope->channel_phone);
    buffer_bool(target, envelope->channel_email);
    buffer_text(target, envelope->channel_unknown);
}

static void get_channels(struct cursor *cursor, struct envelope *envelope) {
    envelope->channels_presence =
        (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    envelope->channel_phone = cursor_bool(cursor);
    envelope->channel_email = cursor_bool(cursor);
    field_text(cursor, envelope->channel_unknown, sizeof envelope->channel_unknown);
    bool any =
        envelope->channel_phone || envelope->channel_email || envelope->channel_unknown[0] != '\0';
    field_require(cursor, envelope->channels_presence == FIELD_PRESENT || !any);
}

static void put_body(struct buffer *target, const struct envelope *envelope) {
    buffer_bool(target, envelope->body_is_json);
    member_wire_put_text(target, &envelope->id);
    member_wire_put_text(target, &envelope->version);
    member_wire_put_text(target, &envelope->individual_id);
    member_wire_put_text(target, &envelope->individual_id_type);
    member_wire_put_text(target, &envelope->transaction_id);
    member_wire_put_text(target, &envelope->request_time);
    member_wire_put_text(target, &envelope->domain_uri);
    member_wire_put_text(target, &envelope->env);
    buffer_u8(target, (uint8_t)envelope->consent_presence);
    buffer_bool(target, envelope->consent);
    put_time(target, envelope->request_time_valid, envelope->request_time_ms);
    member_wire_put_blob(target, &envelope->thumbprint);
    member_wire_put_blob(target, &envelope->session_key);
    member_wire_put_blob(target, &envelope->request);
    member_wire_put_blob(target, &envelope->request_hmac);
    put_channels(target, envelope);
}

static bool is_sealed(const struct blob_field *field) {
    return !member_wire_is_filled(field) || field->data.len >= SEALED_MIN;
}

static void get_body(struct cursor *cursor, struct envelope *envelope) {
    envelope->body_is_json = cursor_bool(cursor);
    member_wire_get_text(cursor, &envelope->id, UNSEAL_ID_SIZE);
    member_wire_get_text(cursor, &envelope->version, UNSEAL_VERSION_SIZE);
    member_wire_get_text(cursor, &envelope->individual_id, UNSEAL_INDIVIDUAL_SIZE);
    member_wire_get_text(cursor, &envelope->individual_id_type, UNSEAL_TYPE_SIZE);
    member_wire_get_text(cursor, &envelope->transaction_id, UNSEAL_TRANSACTION_SIZE);
    member_wire_get_text(cursor, &envelope->request_time, UNSEAL_TIME_SIZE);
    member_wire_get_text(cursor, &envelope->domain_uri, UNSEAL_DOMAIN_SIZE);
    member_wire_get_text(cursor, &envelope->env, UNSEAL_ENV_SIZE);
    envelope->consent_presence =
        (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    envelope->consent = cursor_bool(cursor);
    get_time(cursor, &envelope->request_time, &envelope->request_time_valid,
             &envelope->request_time_ms);
    member_wire_get_blob(cursor, &envelope->thumbprint);
    member_wire_get_blob(cursor, &envelope->session_key);
    member_wire_get_blob(cursor, &envelope->request);
    member_wire_get_blob(cursor, &envelope->request_hmac);
    get_channels(cursor, envelope);
    field_require(cursor, envelope->consent_presence == FIELD_PRESENT || !envelope->consent);
    field_require(
        cursor, member_wire_has_length(&envelope->thumbprint, THUMBPRINT_BYTES, THUMBPRINT_BYTES));
    field_require(cursor,
                  member_wire_has_length(&envelope->session_key, 256, 256 + THUMBPRINT_BYTES));
    field_require(cursor, is_sealed(&envelope->request) && is_sealed(&envelope->request_hmac));
}

/* Nothing can have been found in a body that is no JSON object. */
static bool body_is_empty(const struct envelope *envelope) {
    return envelope->id.presence == FIELD_ABSENT && envelope->version.presence == FIELD_ABSENT &&
           envelope->individual_id.presence == FIELD_ABSENT &&
           envelope->individual_id_type.presence == FIELD_ABSENT &&
           envelope->transaction_id.presence == FIELD_ABSENT &&
           envelope->request_time.presence == FIELD_ABSENT &&
           envelope->domain_uri.presence == FIELD_ABSENT &&
           envelope->env.presence == FIELD_ABSENT && envelope->consent_presence == FIELD_ABSENT &&
           envelope->thumbprint.presence == FIELD_ABSENT &&
           envelope->session_key.presence == FIELD_ABSENT &&
           envelope->request.presence == FIELD_ABSENT &&
           envelope->request_hmac.presence == FIELD_ABSENT &&
           envelope->channels_presence == FIELD_ABSENT;
}

void unseal_wire_put_envelope(struct buffer *target, const struct envelope *envelope) {
    put_path(target, envelope);
    put_headers(target, envelope);
    put_body(target, envelope);
}

enum err unseal_wire_get_envelope(struct bytes payload, struct envelope *envelope) {
    struct cursor cursor = cursor_over(payload);
    *envelope = (struct envelope){0};
    get_path(&cursor, envelope);
    get_headers(&cursor, envelope);
    get_body(&cursor, envelope);
    field_require(&cursor, envelope->body_is_json || body_is_empty(envelope));
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *envelope = (struct envelope){0};
    return err;
}

void unseal_wire_put_payload_question(struct buffer *target,
                                      const struct unseal_payload *question) {
    buffer_raw(target, question->content_key, sizeof question->content_key);
    buffer_block(target, question->request);
    buffer_block(target, question->request_hmac);
}

enum err unseal_wire_get_payload_question(struct bytes payload, struct unseal_payload *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct unseal_payload){0};
    cursor_copy(&cursor, question->content_key, sizeof question->content_key);
    question->request = cursor_block(&cursor, EDGE_BODY_MAX);
    question->request_hmac = cursor_block(&cursor, EDGE_BODY_MAX);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(question, sizeof *question);
    return err;
}

void unseal_wire_put_payload(struct buffer *target, const struct payload *answer) {
    buffer_bool(target, answer->hmac_opened);
    buffer_bool(target, answer->request_opened);
    buffer_bool(target, answer->hash_matches);
    buffer_bool(target, answer->is_json);
    member_wire_put_text(target, &answer->timestamp);
    put_time(target, answer->timestamp_valid, answer->timestamp_ms);
    factors_wire_put(target, answer);
}

/* Each step is taken only after the one before it succeeded. */
static bool steps_agree(const struct payload *answer) {
    bool any_factor = answer->has_otp || answer->has_demographics || answer->has_biometrics ||
                      answer->has_static_pin || answer->has_password || answer->has_bound_tokens;
    if (answer->hash_matches && !(answer->hmac_opened && answer->request_opened))
        return false;
    if (answer->is_json && !answer->hash_matches)
        return false;
    return answer->is_json || (!any_factor && answer->timestamp.presence == FIELD_ABSENT);
}

enum err unseal_wire_get_payload(struct bytes payload, struct payload *answer) {
    struct cursor cursor = cursor_over(payload);
    *answer = (struct payload){0};
    answer->hmac_opened = cursor_bool(&cursor);
    answer->request_opened = cursor_bool(&cursor);
    answer->hash_matches = cursor_bool(&cursor);
    answer->is_json = cursor_bool(&cursor);
    member_wire_get_text(&cursor, &answer->timestamp, UNSEAL_TIME_SIZE);
    get_time(&cursor, &answer->timestamp, &answer->timestamp_valid, &answer->timestamp_ms);
    factors_wire_get(&cursor, answer);
    field_require(&cursor, steps_agree(answer));
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(answer, sizeof *answer);
    return err;
}
