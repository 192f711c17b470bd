#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_member.h"
#include "authd/wire/jose_wire.h"

#define OCTETS_MAX         64
#define SECONDS_DIGITS_MAX 12

static bool is_string(const struct json_node *value) {
    return value != NULL && value->kind == JSON_KIND_STRING;
}

static bool has_control_character(const char *text) {
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return true;
    return false;
}

enum err jose_member_text(const struct json *json, const struct json_node *value, char *text,
                          size_t size) {
    text[0] = '\0';
    if (!is_string(value) || json_to_text(json, value, text, size) != ERR_OK)
        return ERR_MALFORMED;
    if (text[0] != '\0' && !has_control_character(text))
        return ERR_OK;
    text[0] = '\0';
    return ERR_MALFORMED;
}

/* A fraction or an exponent would be a second way to write the same time. */
enum err jose_member_seconds(const struct json *json, const struct json_node *value,
                             int64_t *wall_ms) {
    char digits[SECONDS_DIGITS_MAX + 1];
    int64_t seconds = 0;
    *wall_ms = 0;
    if (value == NULL || value->kind != JSON_KIND_NUMBER ||
        bytes_to_text(bytes_of(json->text.data + value->start, value->len), digits,
                      sizeof digits) != ERR_OK)
        return ERR_MALFORMED;
    if (strspn(digits, "0123456789") != value->len)
        return ERR_MALFORMED;
    ERR_TRY(codec_integer(digits, 0, JOSE_SECONDS_MAX, &seconds));
    *wall_ms = seconds * 1000;
    return ERR_OK;
}

enum err jose_member_octets(const struct json *json, const struct json_node *value, uint8_t *octets,
                            size_t len) {
    char text[CODEC_BASE64_CHARS(OCTETS_MAX) + 1];
    uint8_t memory[2 * sizeof text]; /* as much as decoding wants */
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct bytes decoded;
    memset(octets, 0, len);
    if (!is_string(value) || json_to_text(json, value, text, sizeof text) != ERR_OK ||
        decode_base64url(bytes_of_text(text), &workspace, &decoded) != ERR_OK || decoded.len != len)
        return ERR_MALFORMED;
    memcpy(octets, decoded.data, len);
    return ERR_OK;
}

enum err jose_member_base64url(const struct json *json, const struct json_node *value,
                               struct buffer *workspace, struct bytes *decoded) {
    struct bytes characters;
    *decoded = bytes_of(NULL, 0);
    if (!is_string(value))
        return ERR_MALFORMED;
    ERR_TRY(decode_string(json, value, workspace, &characters));
    return decode_base64url(characters, workspace, decoded);
}
