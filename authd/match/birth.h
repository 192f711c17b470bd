#pragma once

#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/identity.h"

/* Days of the calendar, and what a record says of its own (§8.1, dob and age). */
struct birth_day {
    int year, month, day;
};

/* A day yyyy/MM/dd that exists; Arabic-Indic digits count. ERR_MALFORMED. */
MUST_CHECK enum err birth_parse_day(struct bytes text, struct birth_day *day);
/* Digits alone, of more than 0; at most nine of them. ERR_MALFORMED. */
MUST_CHECK enum err birth_parse_age(struct bytes text, int *age);

/* Whether the record has this day. One with a year alone has none. */
bool birth_is_day(const struct identity *identity, struct birth_day day);
/* Completed years; of someone whose day of birth is not known, the fewest they can be. -1 when the
 * year is not known either. */
int birth_age(const struct identity *identity, struct birth_day today);
