#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

#define CONTACT_PHONE_SIZE 17 /* '+', at most 15 digits, zero */

/*
 * A telephone number as E.164, from the ways it is written in Morocco: +212…, 00212…, 212… or 0…
 * and nine digits, the first of them 5 to 9; another country's behind + or 00. Spaces, dots,
 * dashes, strokes and brackets do not count, nor does the 0 in "+212 (0)6…"; Arabic-Indic digits
 * do. ERR_MALFORMED: no number; ${phone} is then "".
 */
MUST_CHECK enum err contact_phone(struct bytes text, char phone[static CONTACT_PHONE_SIZE]);

/* Whether two addresses are one: the domain without regard to large and small letters, the name
 * before it exactly; spaces around them do not count. */
bool contact_same_email(struct bytes left, struct bytes right);
