#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* Characters that ${len} bytes become in unpadded base64, and the most bytes ${len} characters can
 * hold. */
#define CODEC_BASE64_CHARS(len) (((len)*4 + 2) / 3)
#define CODEC_BASE64_BYTES(len) ((len) / 4 * 3 + 3)

/* Appends ${view} as base64url without padding (RFC 4648 §5). */
void codec_base64url(struct buffer *target, struct bytes view);
/* Appends ${view} as standard padded base64 (RFC 4648 §4), as x5c wants it. */
void codec_base64(struct buffer *target, struct bytes view);

/*
 * Decodes what MOSIP clients send: the URL-safe or the standard alphabet, not mixed, with or
 * without padding. ERR_MALFORMED on any other character and on non-zero trailing bits; ERR_FULL
 * when ${target} is too small. With CODEC_SKIP_NEWLINES, CR and LF between characters are passed
 * over.
 */
enum codec_base64_flags { CODEC_STRICT = 0, CODEC_SKIP_NEWLINES = 1 };
MUST_CHECK enum err codec_base64_decode(struct bytes text, enum codec_base64_flags flags,
                                        uint8_t *target, size_t size, size_t *len);

/* Appends upper-case hex, MOSIP's only form. */
void codec_hex_upper(struct buffer *target, struct bytes view);
/* Decodes exactly ${size} bytes of hex in either case. */
MUST_CHECK enum err codec_hex_decode(struct bytes text, uint8_t *target, size_t size);

/*
 * Appends the characters of a JSON string (RFC 8259 §7), without its quotes: what must be escaped
 * is, and DEL; the rest goes as it is. ${text} is UTF-8.
 */
void codec_json_escape(struct buffer *target, struct bytes text);

/* ERR_MALFORMED unless ${text} is UTF-8 (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF). */
MUST_CHECK enum err codec_utf8_check(struct bytes text);

/* Parses all of ${text} as a decimal integer between ${min} and ${max}. */
MUST_CHECK enum err codec_integer(const char *text, int64_t min, int64_t max, int64_t *value);
