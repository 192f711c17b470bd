#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/member.h"

static enum field_presence presence_of_string(const struct json_node *value) {
    if (value->kind == JSON_KIND_STRING)
        return FIELD_PRESENT;
    return value->kind == JSON_KIND_NULL ? FIELD_NULL : FIELD_WRONG_TYPE;
}

void member_text(const struct json *json, const struct json_node *value, size_t size,
                 struct text_field *field) {
    field->text[0] = '\0';
    field->presence = presence_of_string(value);
    if (field->presence == FIELD_PRESENT && json_to_text(json, value, field->text, size) != ERR_OK)
        field->presence = FIELD_TOO_LONG;
}

void member_base64(const struct json *json, const struct json_node *value, size_t min,
                   struct buffer *workspace, struct blob_field *field) {
    struct bytes characters, decoded;
    *field = (struct blob_field){.presence = presence_of_string(value)};
    if (field->presence != FIELD_PRESENT)
        return;
    field->malformed = decode_string(json, value, workspace, &characters) != ERR_OK ||
                       decode_base64(characters, CODEC_STRICT, workspace, &decoded) != ERR_OK ||
                       decoded.len < min;
    if (!field->malformed)
        field->data = decoded;
}

void member_thumbprint(const struct json *json, const struct json_node *value,
                       struct buffer *workspace, struct blob_field *field) {
    char hex[DIGEST_HEX_CHARS + 1];
    uint8_t thumbprint[DIGEST_BYTES];
    if (value->kind == JSON_KIND_STRING && json_to_text(json, value, hex, sizeof hex) == ERR_OK &&
        codec_hex_decode(bytes_of_text(hex), thumbprint, sizeof thumbprint) == ERR_OK) {
        size_t start = workspace->len;
        buffer_raw(workspace, thumbprint, sizeof thumbprint);
        *field =
            (struct blob_field){.presence = FIELD_PRESENT, .malformed = workspace->err != ERR_OK};
        if (!field->malformed)
            field->data = bytes_of(workspace->data + start, sizeof thumbprint);
        return;
    }
    member_base64(json, value, DIGEST_BYTES, workspace, field);
    if (field->data.len > DIGEST_BYTES)
        *field = (struct blob_field){.presence = FIELD_PRESENT, .malformed = true};
}

bool member_is_empty(const struct json *json, const struct json_node *value) {
    struct json_child child = {0};
    switch (value->kind) {
    case JSON_KIND_NULL:
        return true;
    case JSON_KIND_STRING:
        return value->len == 0;
    case JSON_KIND_ARRAY:
    case JSON_KIND_OBJECT:
        return !json_next(json, value, &child);
    default:
        return false;
    }
}
