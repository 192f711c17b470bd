#include <string.h>

#include "authd/wire/edge_wire.h"
#include "authd/wire/field.h"

void edge_wire_put_request(struct buffer *target, const struct edge_request *request) {
    buffer_u8(target, (uint8_t)request->method);
    buffer_block(target, request->path);
    buffer_bool(target, request->has_signature);
    buffer_block(target, request->signature);
    buffer_bool(target, request->has_authorization);
    buffer_block(target, request->authorization);
    buffer_block(target, request->body);
    buffer_i64(target, request->received_boot_ms);
}

enum err edge_wire_get_request(struct bytes payload, struct edge_request *request) {
    struct cursor cursor = cursor_over(payload);
    struct edge_request read = {0};
    read.method = (enum edge_method)field_enum(&cursor, EDGE_GET, EDGE_POST);
    read.path = cursor_block(&cursor, EDGE_PATH_MAX);
    read.has_signature = cursor_bool(&cursor);
    read.signature = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.has_authorization = cursor_bool(&cursor);
    read.authorization = cursor_block(&cursor, EDGE_AUTHORIZATION_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    read.received_boot_ms = cursor_i64(&cursor);
    field_require(&cursor, read.path.len > 0 && read.path.data[0] == '/');
    field_require(&cursor, read.has_signature || read.signature.len == 0);
    field_require(&cursor, read.has_authorization || read.authorization.len == 0);
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
    buffer_block(target, answer->signature);
    buffer_block(target, answer->body);
}

static bool is_status(uint16_t status) {
    return status == 200 || status == 404 || status == 405 || status == 503;
}

/* It becomes a header line: nothing but the characters of a compact JWS may be in it. */
static bool is_compact_jws(struct bytes signature) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (size_t i = 0; i < signature.len; i++)
        if (memchr(alphabet, signature.data[i], sizeof alphabet - 1) == NULL)
            return false;
    return true;
}

enum err edge_wire_get_answer(struct bytes payload, struct edge_answer *answer) {
    struct cursor cursor = cursor_over(payload);
    struct edge_answer read = {0};
    read.status = cursor_u16(&cursor);
    read.content = (enum edge_content)field_enum(&cursor, EDGE_JSON, EDGE_NO_CONTENT);
    read.max_age_seconds = cursor_u32(&cursor);
    read.signature = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    field_require(&cursor, is_status(read.status));
    field_require(&cursor, is_compact_jws(read.signature));
    field_require(&cursor, read.content != EDGE_NO_CONTENT || read.body.len == 0);

    *answer = (struct edge_answer){0};
    ERR_TRY(cursor_end(&cursor));
    *answer = read;
    return ERR_OK;
}
