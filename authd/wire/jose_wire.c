#include <string.h>

#include "firmware/base/secret.h"
#include "authd/wire/factors_wire.h"
#include "authd/wire/field.h"
#include "authd/wire/jose_wire.h"

#define BASE64URL       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define TRANSACTION_MIN 8
#define NONCE_MIN       22

bool jose_wire_is_transaction(const char *text) {
    size_t len = strlen(text);
    return len >= TRANSACTION_MIN && len < JOSE_TRANSACTION_SIZE &&
           strspn(text, BASE64URL ".") == len;
}

bool jose_wire_is_nonce(const char *text) {
    size_t len = strlen(text);
    return len >= NONCE_MIN && len < JOSE_NONCE_SIZE && strspn(text, BASE64URL) == len;
}

bool jose_wire_is_identifier_type(const char *text) {
    return strcmp(text, "UIN") == 0 || strcmp(text, "VID") == 0;
}

/* Whether these are the characters of a protected header. */
static bool is_protected(struct bytes header) {
    for (size_t i = 0; i < header.len; i++)
        if (memchr(BASE64URL, header.data[i], sizeof BASE64URL - 1) == NULL)
            return false;
    return header.len > 0;
}

/* A text that must be there. */
static void get_line(struct cursor *cursor, char *text, size_t size) {
    field_line(cursor, text, size);
    field_require(cursor, text[0] != '\0');
}

/* A moment that was given in whole seconds. */
static int64_t get_seconds(struct cursor *cursor) {
    int64_t wall_ms = cursor_i64(cursor);
    field_require(cursor, wall_ms >= 0 && wall_ms <= JOSE_SECONDS_MAX * 1000);
    field_require(cursor, wall_ms % 1000 == 0);
    return wall_ms;
}

void jose_wire_put_request_question(struct buffer *target, const struct edge_request *request) {
    buffer_block(target, request->path);
    buffer_u8(target, (uint8_t)request->media);
    buffer_block(target, request->body);
}

enum err jose_wire_get_request_question(struct bytes payload, struct edge_request *request) {
    struct cursor cursor = cursor_over(payload);
    struct edge_request read = {.method = EDGE_POST, .profile = EDGE_PROFILE_JOSE};
    read.path = cursor_block(&cursor, EDGE_PATH_MAX);
    read.media = (enum edge_media)field_enum(&cursor, EDGE_MEDIA_NONE, EDGE_MEDIA_JOSE);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);

    *request = (struct edge_request){0};
    ERR_TRY(cursor_end(&cursor));
    *request = read;
    return ERR_OK;
}

static void put_signature(struct buffer *target, const struct jose_request *request) {
    buffer_bool(target, request->is_signed);
    if (!request->is_signed)
        return;
    buffer_raw(target, request->kid, sizeof request->kid);
    buffer_u32(target, request->signed_len);
    buffer_raw(target, request->signature, sizeof request->signature);
}

static void get_signature(struct cursor *cursor, struct jose_request *request) {
    request->is_signed = cursor_bool(cursor);
    if (!request->is_signed)
        return;
    cursor_copy(cursor, request->kid, sizeof request->kid);
    request->signed_len = cursor_u32(cursor);
    cursor_copy(cursor, request->signature, sizeof request->signature);
    field_require(cursor, request->signed_len > 0 && request->signed_len < EDGE_BODY_MAX);
}

static void put_claims(struct buffer *target, const struct jose_request *request) {
    buffer_text(target, request->issuer);
    buffer_text(target, request->audience);
    buffer_text(target, request->api_key);
    buffer_text(target, request->transaction);
    buffer_i64(target, request->issued_ms);
    buffer_raw(target, request->binding, sizeof request->binding);
    buffer_bool(target, request->consent);
    buffer_bool(target, request->channel_phone);
    buffer_bool(target, request->channel_email);
}

static void get_claims(struct cursor *cursor, struct jose_request *request) {
    get_line(cursor, request->issuer, sizeof request->issuer);
    get_line(cursor, request->audience, sizeof request->audience);
    get_line(cursor, request->api_key, sizeof request->api_key);
    field_text(cursor, request->transaction, sizeof request->transaction);
    request->issued_ms = get_seconds(cursor);
    cursor_copy(cursor, request->binding, sizeof request->binding);
    request->consent = cursor_bool(cursor);
    request->channel_phone = cursor_bool(cursor);
    request->channel_email = cursor_bool(cursor);
    field_require(cursor, jose_wire_is_transaction(request->transaction));
}

static void put_attributes(struct buffer *target, const struct jose_request *request) {
    buffer_u8(target, (uint8_t)request->attribute_count);
    for (size_t i = 0; i < request->attribute_count; i++)
        buffer_text(target, request->attributes[i]);
    buffer_text(target, request->lives_in_part);
    buffer_text(target, request->lives_in_value);
}

/* A name that was asked for twice would stand twice in the object that answers it. */
static void get_attribute(struct cursor *cursor, struct jose_request *request, size_t index) {
    char *name = request->attributes[index];
    field_text(cursor, name, JOSE_ATTRIBUTE_SIZE);
    field_require(cursor, field_is_visible(name));
    for (size_t i = 0; i < index; i++)
        field_require(cursor, strcmp(request->attributes[i], name) != 0);
}

static void get_attributes(struct cursor *cursor, struct jose_request *request) {
    request->attribute_count = field_enum(cursor, 0, JOSE_ATTRIBUTES_MAX);
    for (size_t i = 0; i < request->attribute_count; i++)
        get_attribute(cursor, request, i);
    field_text(cursor, request->lives_in_part, sizeof request->lives_in_part);
    field_line(cursor, request->lives_in_value, sizeof request->lives_in_value);
    bool asks = request->lives_in_part[0] != '\0';
    field_require(cursor, !asks || field_is_visible(request->lives_in_part));
    field_require(cursor, asks == (request->lives_in_value[0] != '\0'));
}

static void put_block(struct buffer *target, const struct jose_block *block) {
    buffer_block(target, block->protected_header);
    buffer_raw(target, block->kid, sizeof block->kid);
    buffer_raw(target, block->x, sizeof block->x);
    buffer_raw(target, block->y, sizeof block->y);
    buffer_block(target, block->party_u);
    buffer_block(target, block->party_v);
    buffer_raw(target, block->iv, sizeof block->iv);
    buffer_block(target, block->ciphertext);
    buffer_raw(target, block->tag, sizeof block->tag);
}

static void get_block(struct cursor *cursor, struct jose_block *block) {
    block->protected_header = cursor_block(cursor, JOSE_PROTECTED_MAX);
    cursor_copy(cursor, block->kid, sizeof block->kid);
    cursor_copy(cursor, block->x, sizeof block->x);
    cursor_copy(cursor, block->y, sizeof block->y);
    block->party_u = cursor_block(cursor, JOSE_PARTY_MAX);
    block->party_v = cursor_block(cursor, JOSE_PARTY_MAX);
    cursor_copy(cursor, block->iv, sizeof block->iv);
    block->ciphertext = cursor_block(cursor, EDGE_BODY_MAX);
    cursor_copy(cursor, block->tag, sizeof block->tag);
    field_require(cursor, is_protected(block->protected_header) && block->ciphertext.len > 0);
}

/* What each call has, and no other (§3). */
static bool function_agrees(const struct jose_request *request) {
    bool has_channel = request->channel_phone || request->channel_email;
    bool has_attribute = request->attribute_count > 0 || request->lives_in_part[0] != '\0';
    enum envelope_function function = request->function;
    return function != FUNCTION_NONE && request->consent == (function != FUNCTION_OTP) &&
           has_channel == (function == FUNCTION_OTP) && has_attribute == (function == FUNCTION_KYC);
}

void jose_wire_put_request(struct buffer *target, const struct jose_request *request) {
    buffer_u8(target, (uint8_t)request->shape);
    buffer_u8(target, (uint8_t)request->function);
    if (request->shape != JOSE_READ)
        return;
    put_signature(target, request);
    put_claims(target, request);
    put_attributes(target, request);
    put_block(target, &request->sealed);
}

enum err jose_wire_get_request(struct bytes payload, struct jose_request *request) {
    struct cursor cursor = cursor_over(payload);
    *request = (struct jose_request){0};
    request->shape = (enum jose_shape)field_enum(&cursor, JOSE_READ, JOSE_WRONG_MEDIA);
    request->function = (enum envelope_function)field_enum(&cursor, FUNCTION_NONE, FUNCTION_KYC);
    if (request->shape == JOSE_READ) {
        get_signature(&cursor, request);
        get_claims(&cursor, request);
        get_attributes(&cursor, request);
        get_block(&cursor, &request->sealed);
        field_require(&cursor, function_agrees(request));
    }
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *request = (struct jose_request){.shape = JOSE_MALFORMED};
    return err;
}

void jose_wire_put_sealed_question(struct buffer *target,
                                   const struct jose_sealed_question *question) {
    buffer_raw(target, question->content_key, sizeof question->content_key);
    buffer_block(target, question->protected_header);
    buffer_raw(target, question->iv, sizeof question->iv);
    buffer_block(target, question->ciphertext);
    buffer_raw(target, question->tag, sizeof question->tag);
}

enum err jose_wire_get_sealed_question(struct bytes payload,
                                       struct jose_sealed_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct jose_sealed_question){0};
    cursor_copy(&cursor, question->content_key, sizeof question->content_key);
    question->protected_header = cursor_block(&cursor, JOSE_PROTECTED_MAX);
    cursor_copy(&cursor, question->iv, sizeof question->iv);
    question->ciphertext = cursor_block(&cursor, EDGE_BODY_MAX);
    cursor_copy(&cursor, question->tag, sizeof question->tag);
    field_require(&cursor,
                  is_protected(question->protected_header) && question->ciphertext.len > 0);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(question, sizeof *question);
    return err;
}

void jose_wire_put_sealed(struct buffer *target, const struct jose_sealed *sealed) {
    buffer_bool(target, sealed->opened);
    buffer_bool(target, sealed->well_formed);
    if (!sealed->well_formed)
        return;
    buffer_text(target, sealed->audience);
    buffer_text(target, sealed->issuer);
    buffer_text(target, sealed->transaction);
    buffer_i64(target, sealed->captured_ms);
    buffer_text(target, sealed->nonce);
    buffer_text(target, sealed->device);
    buffer_text(target, sealed->individual_id);
    buffer_text(target, sealed->individual_id_type);
    factors_wire_put(target, &sealed->payload);
}

static void get_sealed(struct cursor *cursor, struct jose_sealed *sealed) {
    get_line(cursor, sealed->audience, sizeof sealed->audience);
    get_line(cursor, sealed->issuer, sizeof sealed->issuer);
    field_text(cursor, sealed->transaction, sizeof sealed->transaction);
    sealed->captured_ms = get_seconds(cursor);
    field_text(cursor, sealed->nonce, sizeof sealed->nonce);
    get_line(cursor, sealed->device, sizeof sealed->device);
    get_line(cursor, sealed->individual_id, sizeof sealed->individual_id);
    field_text(cursor, sealed->individual_id_type, sizeof sealed->individual_id_type);
    factors_wire_get(cursor, &sealed->payload);
    field_require(cursor, jose_wire_is_transaction(sealed->transaction));
    field_require(cursor, jose_wire_is_nonce(sealed->nonce));
    field_require(cursor, jose_wire_is_identifier_type(sealed->individual_id_type));
    field_require(cursor, sealed->payload.has_otp == sealed->payload.otp_well_formed);
    field_require(cursor, !sealed->payload.demographics_malformed);
    field_require(cursor,
                  sealed->payload.has_biometrics == (sealed->payload.biometrics_text.len > 0));
}

enum err jose_wire_get_sealed(struct bytes payload, struct jose_sealed *sealed) {
    struct cursor cursor = cursor_over(payload);
    *sealed = (struct jose_sealed){0};
    sealed->opened = cursor_bool(&cursor);
    sealed->well_formed = cursor_bool(&cursor);
    field_require(&cursor, sealed->opened || !sealed->well_formed);
    if (sealed->well_formed)
        get_sealed(&cursor, sealed);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(sealed, sizeof *sealed);
    return err;
}
