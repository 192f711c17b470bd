#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/bytes.h"

struct bytes bytes_of(const void *data, size_t len) {
    return (struct bytes){.data = data, .len = len};
}

struct bytes bytes_of_text(const char *text) {
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes left, struct bytes right) {
    /* memcmp must not see NULL, which an empty view may hold. */
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

bool bytes_equal_text(struct bytes left, const char *text) {
    return bytes_equal(left, bytes_of_text(text));
}

enum err bytes_to_text(struct bytes view, char *text, size_t size) {
    if (size == 0)
        return ERR_TOO_LARGE;
    text[0] = '\0';
    if (view.len >= size)
        return ERR_TOO_LARGE;
    if (view.len == 0)
        return ERR_OK;
    if (memchr(view.data, 0, view.len) != NULL)
        return ERR_MALFORMED;
    memcpy(text, view.data, view.len);
    text[view.len] = '\0';
    return ERR_OK;
}

static void cursor_fail(struct cursor *cursor, enum err err) {
    if (cursor->err == ERR_OK)
        cursor->err = err;
    cursor->left = 0;
}

static uint64_t cursor_unsigned(struct cursor *cursor, size_t width) {
    struct bytes field = cursor_take(cursor, width);
    uint64_t value = 0;
    for (size_t i = 0; i < field.len; i++)
        value = value << 8 | field.data[i];
    return value;
}

struct cursor cursor_over(struct bytes view) {
    return (struct cursor){.at = view.data, .left = view.len, .err = ERR_OK};
}

uint8_t cursor_u8(struct cursor *cursor) {
    return (uint8_t)cursor_unsigned(cursor, 1);
}

uint16_t cursor_u16(struct cursor *cursor) {
    return (uint16_t)cursor_unsigned(cursor, 2);
}

uint32_t cursor_u32(struct cursor *cursor) {
    return (uint32_t)cursor_unsigned(cursor, 4);
}

uint64_t cursor_u64(struct cursor *cursor) {
    return cursor_unsigned(cursor, 8);
}

int64_t cursor_i64(struct cursor *cursor) {
    return (int64_t)cursor_unsigned(cursor, 8);
}

bool cursor_bool(struct cursor *cursor) {
    uint8_t value = cursor_u8(cursor);
    if (value > 1)
        cursor_fail(cursor, ERR_MALFORMED);
    return value == 1;
}

struct bytes cursor_take(struct cursor *cursor, size_t len) {
    if (cursor->err == ERR_OK && len > cursor->left)
        cursor_fail(cursor, ERR_TRUNCATED);
    if (cursor->err != ERR_OK || len == 0)
        return bytes_of(NULL, 0);
    struct bytes taken = bytes_of(cursor->at, len);
    cursor->at += len;
    cursor->left -= len;
    return taken;
}

void cursor_copy(struct cursor *cursor, void *target, size_t len) {
    if (len == 0)
        return;
    struct bytes taken = cursor_take(cursor, len);
    if (taken.len == len)
        memcpy(target, taken.data, len);
    else
        memset(target, 0, len);
}

struct bytes cursor_block(struct cursor *cursor, size_t max) {
    size_t len = cursor_u32(cursor);
    if (len > max)
        cursor_fail(cursor, ERR_TOO_LARGE);
    return cursor_take(cursor, len);
}

void cursor_text(struct cursor *cursor, char *text, size_t size) {
    if (size == 0) {
        cursor_fail(cursor, ERR_TOO_LARGE);
        return;
    }
    enum err err = bytes_to_text(cursor_block(cursor, size - 1), text, size);
    if (err != ERR_OK)
        cursor_fail(cursor, err);
}

enum err cursor_end(const struct cursor *cursor) {
    if (cursor->err != ERR_OK)
        return cursor->err;
    return cursor->left == 0 ? ERR_OK : ERR_MALFORMED;
}

static void buffer_unsigned(struct buffer *buffer, uint64_t value, size_t width) {
    uint8_t field[8];
    for (size_t i = width; i > 0; i--) {
        field[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    buffer_raw(buffer, field, width);
}

struct buffer buffer_over(void *memory, size_t size) {
    return (struct buffer){.data = memory, .size = size, .len = 0, .err = ERR_OK};
}

void buffer_u8(struct buffer *buffer, uint8_t value) {
    buffer_unsigned(buffer, value, 1);
}

void buffer_u16(struct buffer *buffer, uint16_t value) {
    buffer_unsigned(buffer, value, 2);
}

void buffer_u32(struct buffer *buffer, uint32_t value) {
    buffer_unsigned(buffer, value, 4);
}

void buffer_u64(struct buffer *buffer, uint64_t value) {
    buffer_unsigned(buffer, value, 8);
}

void buffer_i64(struct buffer *buffer, int64_t value) {
    buffer_unsigned(buffer, (uint64_t)value, 8);
}

void buffer_bool(struct buffer *buffer, bool value) {
    buffer_unsigned(buffer, value ? 1 : 0, 1);
}

void buffer_raw(struct buffer *buffer, const void *data, size_t len) {
    if (buffer->err == ERR_OK && len > buffer->size - buffer->len)
        buffer->err = ERR_FULL;
    if (buffer->err != ERR_OK || len == 0)
        return;
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

void buffer_block(struct buffer *buffer, struct bytes view) {
    if (buffer->err == ERR_OK && view.len > UINT32_MAX)
        buffer->err = ERR_FULL;
    buffer_u32(buffer, (uint32_t)view.len);
    buffer_raw(buffer, view.data, view.len);
}

void buffer_text(struct buffer *buffer, const char *text) {
    buffer_block(buffer, bytes_of_text(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...) {
    if (buffer->err != ERR_OK)
        return;
    size_t room = buffer->size - buffer->len;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf((char *)buffer->data + buffer->len, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room)
        buffer->err = ERR_FULL;
    else
        buffer->len += (size_t)len;
}

enum err buffer_end(const struct buffer *buffer, struct bytes *written) {
    *written = bytes_of(NULL, 0);
    if (buffer->err != ERR_OK)
        return buffer->err;
    *written = bytes_of(buffer->data, buffer->len);
    return ERR_OK;
}
