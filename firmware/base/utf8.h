#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Takes the next character from the front of ${text} (RFC 3629: no overlong form, no surrogate, at
 * most U+10FFFF). ERR_NOT_FOUND at the end, ERR_MALFORMED; ${text} is then as before.
 */
MUST_CHECK enum err utf8_take(struct bytes *text, uint32_t *character);

/* Appends one character. */
void utf8_put(struct buffer *target, uint32_t character);
