#include <string.h>

#include "firmware/base/codec.h"
#include "authd/wire/field.h"

void field_refuse(struct cursor *cursor) {
    if (cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
    cursor->left = 0;
}

void field_require(struct cursor *cursor, bool rule) {
    if (!rule)
        field_refuse(cursor);
}

uint8_t field_enum(struct cursor *cursor, uint8_t first, uint8_t last) {
    uint8_t value = cursor_u8(cursor);
    if (value >= first && value <= last)
        return value;
    field_refuse(cursor);
    return first;
}

size_t field_count(struct cursor *cursor, size_t most) {
    size_t count = cursor_u16(cursor);
    if (cursor->err == ERR_OK && count > most)
        cursor->err = ERR_TOO_LARGE;
    return cursor->err == ERR_OK ? count : 0;
}

void field_text(struct cursor *cursor, char *text, size_t size) {
    cursor_text(cursor, text, size);
    if (codec_utf8_check(bytes_of_text(text)) == ERR_OK)
        return;
    text[0] = '\0';
    field_refuse(cursor);
}

void field_line(struct cursor *cursor, char *text, size_t size) {
    field_text(cursor, text, size);
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x20 && *at != 0x7f)
            continue;
        text[0] = '\0';
        field_refuse(cursor);
        return;
    }
}

bool field_is_digits(const char *text, size_t len) {
    return strlen(text) == len && strspn(text, "0123456789") == len;
}

bool field_is_visible(const char *text) {
    const char *at = text;
    while (*at > ' ' && *at <= '~')
        at++;
    return at != text && *at == '\0';
}
