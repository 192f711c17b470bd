#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"

/* The values that elements of a BIR may have: each says whether ${text} is one, to the last
 * character. */

bool bir_value_text(struct bytes text);       /* 1 to 256 bytes without control characters */
bool bir_value_empty(struct bytes text);      /* nothing */
bool bir_value_number(struct bytes text);     /* 0 to 255 */
bool bir_value_false(struct bytes text);      /* "false": what is not done here is not asked for */
bool bir_value_time(struct bytes text);       /* xs:dateTime of a day that exists */
bool bir_value_identifier(struct bytes text); /* UUID */
bool bir_value_base64(struct bytes text);     /* RFC 4648 §4, padded, without blanks; may be "" */
bool bir_value_level(struct bytes text);
bool bir_value_purpose(struct bytes text);

/* 0 to ${most}, without a sign or a leading zero. */
bool bir_value_small(struct bytes text, uint8_t most, uint8_t *value);
