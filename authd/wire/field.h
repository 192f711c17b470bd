#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * What every reader of this folder needs beside the cursor's own fields. Like those they are
 * sticky: a value out of its range refuses the whole message.
 */

/* Refuses the message, for rules that span several fields. */
void field_refuse(struct cursor *cursor);
/* Refuses it unless ${rule} holds. */
void field_require(struct cursor *cursor, bool rule);

/* A byte from ${first} to ${last}. On error ${first}. */
uint8_t field_enum(struct cursor *cursor, uint8_t first, uint8_t last);

/* A number of 16 bits, of what follows. Over ${most}: ERR_TOO_LARGE. On error 0. */
size_t field_count(struct cursor *cursor, size_t most);

/* A text of at most ${size} - 1 bytes, UTF-8, without a zero byte. On error "". */
void field_text(struct cursor *cursor, char *text, size_t size);
/* The same, without control characters either: it is shown to people or put into messages. */
void field_line(struct cursor *cursor, char *text, size_t size);

/* ${len} ASCII digits and nothing else. */
bool field_is_digits(const char *text, size_t len);
/* Printable ASCII without a space, and at least one character of it. */
bool field_is_visible(const char *text);
