#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hsm/mosip_error.h"
#include "authd/store/identity.h"
#include "authd/wire/unseal_wire.h"

/*
 * Demographic authentication (§8): the request's demographics against the person's record. No I/O,
 * no clock, no allocation; a bounded amount of work, which depends on the content.
 *
 * Every verdict begins as no. Problems tell members and languages, never a value.
 */
#define DEMOGRAPHIC_PROBLEMS_MAX  16
#define DEMOGRAPHIC_DETAIL_SIZE   64
#define DEMOGRAPHIC_LANGUAGES_MAX 8

struct demographic_problem {
    enum mosip_error error;
    char detail[DEMOGRAPHIC_DETAIL_SIZE]; /* printable ASCII: "dob", "name in fra" */
};

struct demographic_verdict {
    bool passed;          /* false with problems, and whenever there was nothing to judge */
    size_t problem_count; /* no two the same; what is over the bound is not listed */
    struct demographic_problem problems[DEMOGRAPHIC_PROBLEMS_MAX];
};

/* Mandatory and optional languages of the country: "ara", "fra"… */
struct demographic_rules {
    size_t language_count;
    char languages[DEMOGRAPHIC_LANGUAGES_MAX][4];
};

struct demographic_day {
    int year, month, day;
};

/*
 * The controller's validation (§6.2, step 17), before anybody is looked up. A request without
 * demographics passes. Problems:
 *   MLC-009 demographics   not readable
 *   MLC-006 LanguageCode   a member of a language without one
 *   DEA-002 the code       a language that is not of ${rules}; "LanguageCode" stands for what is
 *                          no code of three letters
 *   MLC-009 LanguageCode   two values of a member for one language
 *   MLC-009 the member     dob that is no day yyyy/MM/dd, age that is no positive integer, or a
 *                          language or second value where there is one value (§1.6)
 *   MLC-013 fullAddress    together with a part of an address
 */
void demographic_check(const struct payload *payload, const struct demographic_rules *rules,
                       struct demographic_verdict *verdict);

/*
 * The match (§6.2, step 21): passed when there are demographics and each of them matches, all of
 * them looked at. Problems, with the member and "in fra" for a value of a language:
 *   DEA-001  does not match
 *   DEA-003  nothing stored to match
 *
 * What is stored without a language counts for each; a value without a language (postalCode, or an
 * attribute of the deployment) matches any language's. Only a year of birth stored: no dob matches,
 * and an age as though the birthday were the last day of the year.
 */
void demographic_match(const struct payload *payload, const struct identity *identity,
                       struct demographic_day today, struct demographic_verdict *verdict);

/* Completed years; of someone whose day of birth is not known, the fewest they can be. -1 when the
 * year is not known either. */
int demographic_age(const struct identity *identity, struct demographic_day today);
