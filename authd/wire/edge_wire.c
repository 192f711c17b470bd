#include <string.h>

#include "authd/wire/edge_wire.h"
#include "authd/wire/field.h"

#define IDEMPOTENCY_KEY_MIN 16

/* Of base64url and a dot: a compact JWS, which becomes a header line. Without the dot: a key. */
static const bool compact[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    ['-'] = true,         ['_'] = true,         ['.'] = true,
};

static bool is_compact(struct bytes text) {
    bool all = true;
    for (size_t i = 0; i < text.len; i++)
        all = all && compact[text.data[i]];
    return all;
}

static bool is_zero(const uint8_t thumbprint[static EDGE_THUMBPRINT_BYTES]) {
    static const uint8_t zero[EDGE_THUMBPRINT_BYTES];
    return memcmp(thumbprint, zero, sizeof zero) == 0;
}

bool edge_wire_is_idempotency_key(struct bytes text) {
    return text.len >= IDEMPOTENCY_KEY_MIN && text.len <= EDGE_IDEMPOTENCY_KEY_MAX &&
           is_compact(text) && memchr(text.data, '.', text.len) == NULL;
}

void edge_wire_put_request(struct buffer *target, const struct edge_request *request) {
    buffer_u8(target, (uint8_t)request->profile);
    buffer_u8(target, (uint8_t)request->method);
    buffer_block(target, request->path);
    buffer_bool(target, request->has_signature);
    buffer_block(target, request->signature);
    buffer_bool(target, request->has_authorization);
    buffer_block(target, request->authorization);
    buffer_u8(target, (uint8_t)request->media);
    buffer_raw(target, request->client_thumbprint, sizeof request->client_thumbprint);
    buffer_bool(target, request->has_idempotency_key);
    buffer_block(target, request->idempotency_key);
    buffer_block(target, request->body);
    buffer_i64(target, request->received_boot_ms);
}

/* The headers that one profile has are not handed on in the other. */
static bool profile_is_pure(const struct edge_request *request) {
    if (request->profile == EDGE_PROFILE_JOSE)
        return !request->has_signature && !request->has_authorization &&
               !is_zero(request->client_thumbprint);
    return !request->has_idempotency_key && is_zero(request->client_thumbprint);
}

static bool has_only_headers_that_came(const struct edge_request *request) {
    return (request->has_signature || request->signature.len == 0) &&
           (request->has_authorization || request->authorization.len == 0) &&
           (request->has_idempotency_key ? edge_wire_is_idempotency_key(request->idempotency_key)
                                         : request->idempotency_key.len == 0);
}

enum err edge_wire_get_request(struct bytes payload, struct edge_request *request) {
    struct cursor cursor = cursor_over(payload);
    struct edge_request read = {0};
    read.profile = (enum edge_profile)field_enum(&cursor, EDGE_PROFILE_MOSIP, EDGE_PROFILE_JOSE);
    read.method = (enum edge_method)field_enum(&cursor, EDGE_GET, EDGE_POST);
    read.path = cursor_block(&cursor, EDGE_PATH_MAX);
    read.has_signature = cursor_bool(&cursor);
    read.signature = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.has_authorization = cursor_bool(&cursor);
    read.authorization = cursor_block(&cursor, EDGE_AUTHORIZATION_MAX);
    read.media = (enum edge_media)field_enum(&cursor, EDGE_MEDIA_NONE, EDGE_MEDIA_JOSE);
    cursor_copy(&cursor, read.client_thumbprint, sizeof read.client_thumbprint);
    read.has_idempotency_key = cursor_bool(&cursor);
    read.idempotency_key = cursor_block(&cursor, EDGE_IDEMPOTENCY_KEY_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    read.received_boot_ms = cursor_i64(&cursor);
    field_require(&cursor, read.path.len > 0 && read.path.data[0] == '/');
    field_require(&cursor, has_only_headers_that_came(&read));
    field_require(&cursor, profile_is_pure(&read));
    field_require(&cursor, read.received_boot_ms >= 0);

    *request = (struct edge_request){0};
    ERR_TRY(cursor_end(&cursor));
    *request = read;
    return ERR_OK;
}

void edge_wire_put_answer(struct buffer *target, const struct edge_answer *answer) {
    buffer_u16(target, answer->status);
    buffer_u8(target, (uint8_t)answer->content);
    buffer_u32(target, answer->max_age_seconds);
    buffer_u32(target, answer->retry_after_seconds);
    buffer_block(target, answer->signature);
    buffer_block(target, answer->body);
}

/* Those that say what became of a request and may have a body. */
static bool is_status(uint16_t status) {
    return (status >= 200 && status <= 202) || (status >= 400 && status <= 499) || status == 503;
}

enum err edge_wire_get_answer(struct bytes payload, struct edge_answer *answer) {
    struct cursor cursor = cursor_over(payload);
    struct edge_answer read = {0};
    read.status = cursor_u16(&cursor);
    read.content = (enum edge_content)field_enum(&cursor, EDGE_JSON, EDGE_PROBLEM);
    read.max_age_seconds = cursor_u32(&cursor);
    read.retry_after_seconds = cursor_u32(&cursor);
    read.signature = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    field_require(&cursor, is_status(read.status));
    field_require(&cursor, is_compact(read.signature));
    field_require(&cursor, read.content != EDGE_NO_CONTENT || read.body.len == 0);

    *answer = (struct edge_answer){0};
    ERR_TRY(cursor_end(&cursor));
    *answer = read;
    return ERR_OK;
}

void edge_wire_put_clients(struct buffer *target, const struct edge_client *clients, size_t count) {
    buffer_u32(target, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_raw(target, clients[i].thumbprint, sizeof clients[i].thumbprint);
        buffer_i64(target, clients[i].not_before_ms);
        buffer_i64(target, clients[i].not_after_ms);
    }
}

static struct edge_client read_client(struct cursor *cursor) {
    struct edge_client client = {0};
    cursor_copy(cursor, client.thumbprint, sizeof client.thumbprint);
    client.not_before_ms = cursor_i64(cursor);
    client.not_after_ms = cursor_i64(cursor);
    field_require(cursor, !is_zero(client.thumbprint));
    field_require(cursor, client.not_before_ms <= client.not_after_ms);
    return client;
}

enum err edge_wire_get_clients(struct bytes payload, struct edge_client *clients, size_t *count) {
    struct cursor cursor = cursor_over(payload);
    uint32_t announced = cursor_u32(&cursor);
    *count = 0;
    if (announced > EDGE_CLIENTS_MAX)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < announced && cursor.err == ERR_OK; i++)
        clients[i] = read_client(&cursor);
    ERR_TRY(cursor_end(&cursor));
    *count = announced;
    return ERR_OK;
}
