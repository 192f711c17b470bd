#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hsm/mosip_error.h"
#include "authd/match/birth.h"
#include "authd/store/identity.h"
#include "authd/wire/unseal_wire.h"

/*
 * Demographic authentication (§8): what a request says of a person against the person's record. No
 * I/O, no clock, no allocation; a bounded amount of work, which depends on the content.
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
    bool passed;          /* without a problem, and as each function says */
    size_t problem_count; /* no two are the same; those over the bound are not listed */
    struct demographic_problem problems[DEMOGRAPHIC_PROBLEMS_MAX];
};

/* The languages of the country, mandatory and optional: "ara", "fra"… */
struct demographic_rules {
    size_t language_count;
    char languages[DEMOGRAPHIC_LANGUAGES_MAX][4];
};

/*
 * The controller's validation (§6.2, step 17), before anybody is looked up. A request without
 * demographics passes. Problems:
 *   MLC-009 demographics  they are not readable
 *   MLC-006 LanguageCode  a value without the language its member needs
 *   DEA-002 the code      a language that is not of ${rules}; "LanguageCode" stands for what is no
 *                         code of three letters
 *   MLC-009 LanguageCode  two values of a member for one language; its two names are one member,
 * and a value without a language is for each of them MLC-009 the member    a dob that is no day
 * yyyy/MM/dd, an age that is no positive number; a language or a second value where one value
 * without language belongs MLC-013 fullAddress   it comes together with a part of an address
 */
void demographic_check(const struct payload *payload, const struct demographic_rules *rules,
                       struct demographic_verdict *verdict);

/*
 * The match (§6.2, step 21). Passed when there are demographics, readable, and each of them
 * matches. All are looked at; of those that do not match ${verdict} has, with the member and, for a
 * value of a language, "in fra" behind it:
 *   DEA-001  it differs
 *   DEA-003  nothing is stored that it could match
 *
 * A value stored without a language counts for each of them; a value sent without one, such as
 * postalCode, is compared with those of any language. Of a person with only a year of birth no dob
 * matches, and an age as of the year's last day. Whoever asks often learns more from each verdict:
 * the caller counts them.
 */
void demographic_match(const struct payload *payload, const struct identity *identity,
                       struct birth_day today, struct demographic_verdict *verdict);
