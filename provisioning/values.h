#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* What the fields of an officer's question may hold. Each: ERR_MALFORMED when ${value} is not that.
 */

/* An id of a programme, policy or licence holder; it travels in URLs: [A-Za-z0-9._~-], not empty.
 */
MUST_CHECK enum err values_id(const char *value);
/* An API or licence key: the same characters, at least 16 of them. */
MUST_CHECK enum err values_key(struct bytes value);
/* Text for people: UTF-8 without control characters, not empty. */
MUST_CHECK enum err values_name(struct bytes value);
/* A trust domain: [A-Z0-9_-], not empty. */
MUST_CHECK enum err values_domain(const char *value);
/* ISO 639-2: three small letters. */
MUST_CHECK enum err values_language(const char *value);
/* E.164: + and 8 to 15 digits, the first not 0. */
MUST_CHECK enum err values_phone(const char *value);
/* One @ with something on both sides, printable ASCII without blanks. */
MUST_CHECK enum err values_email(const char *value);
/* A civil date between 1850 and 2200; 0 for year alone, or month and day, is "not known". */
MUST_CHECK enum err values_birth_date(int year, unsigned month, unsigned day);
/* An instant between 1970 and 9999, or 0 for no bound. */
MUST_CHECK enum err values_instant(int64_t wall_ms);
/* Two such, the second after the first when both are given. */
MUST_CHECK enum err values_period(int64_t commences_ms, int64_t expires_ms);
