#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/* A borrowed view of memory. It owns nothing. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_of_text(const char *text); /* without the final zero */

/* For public values only; secrets are compared by secret_equal. */
bool bytes_equal(struct bytes left, struct bytes right);
bool bytes_equal_text(struct bytes left, const char *text);

/* Copies ${view} into ${text} as a C string. ERR_TOO_LARGE, ERR_MALFORMED (a zero byte inside). */
MUST_CHECK enum err bytes_to_text(struct bytes view, char *text, size_t size);

/*
 * The one reader of untrusted and of internal bytes. Errors are sticky: after the first one every
 * call gives zeroes or an empty view, so a reader takes all its fields and checks once, by
 * cursor_end. Integers are big-endian. A block is a u32 length and that many bytes.
 */
struct cursor {
    const uint8_t *at;
    size_t left;
    enum err err;
};

struct cursor cursor_over(struct bytes view);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
int64_t cursor_i64(struct cursor *cursor);
bool cursor_bool(struct cursor *cursor); /* any byte but 0 and 1 is ERR_MALFORMED */
struct bytes cursor_take(struct cursor *cursor, size_t len);
void cursor_copy(struct cursor *cursor, void *target, size_t len); /* zeroes ${target} on error */
struct bytes cursor_block(struct cursor *cursor, size_t max);      /* longer: ERR_TOO_LARGE */
/* Reads a block of at most ${size} - 1 bytes without a zero byte into ${text}, always terminated.
 */
void cursor_text(struct cursor *cursor, char *text, size_t size);
/* Gives the first error, or ERR_MALFORMED when bytes are left. */
MUST_CHECK enum err cursor_end(const struct cursor *cursor);

/* The writer over the caller's memory. Errors are sticky; check once, by buffer_end. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t len;
    enum err err;
};

struct buffer buffer_over(void *memory, size_t size);
void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value);
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_i64(struct buffer *buffer, int64_t value);
void buffer_bool(struct buffer *buffer, bool value);
void buffer_raw(struct buffer *buffer, const void *data, size_t len);
void buffer_block(struct buffer *buffer, struct bytes view);
void buffer_text(struct buffer *buffer, const char *text); /* as a block, without the final zero */
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2,
                          3))); /* the characters alone, no length; wants one byte to spare */
/* Gives the first error (ERR_FULL), else ERR_OK and the written view. */
MUST_CHECK enum err buffer_end(const struct buffer *buffer, struct bytes *written);
