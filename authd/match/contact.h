#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

#define CONTACT_PHONE_SIZE 17 /* '+', at most 15 digits, zero */

/*
 * A telephone number as E.164, from the ways it is written in Morocco: +212…, 00212…, 212… or 0…
 * and nine digits; another country's behind + or 00. Spaces, dots, dashes and brackets between
 * digits do not count, nor does "(0)" behind the country; Arabic-Indic digits do.
 * ERR_MALFORMED: no number; ${phone} is then "".
 */
MUST_CHECK enum err contact_phone(struct bytes text, char phone[static CONTACT_PHONE_SIZE]);

/* Whether two addresses are one: the domain without regard to case, the name before it exactly;
 * spaces around either do not count. */
bool contact_same_email(struct bytes left, struct bytes right);
