#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The escape of a JSON string (RFC 8259 §7) that begins with the backslash at ${at}, in UTF-8: its
 * one to four bytes. Returns how many characters of the text it has; 0 when there is no such
 * escape, when it is U+0000, and when it is one half of a surrogate pair alone.
 */
size_t escape_decode(const uint8_t *at, const uint8_t *end, uint8_t utf8[static 4],
                     size_t *utf8_len);
