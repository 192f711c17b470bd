#pragma once

#include <stdbool.h>

#include "authd/wire/unseal_wire.h"

/* How a member is compared. */
enum demographic_kind {
    DEMOGRAPHIC_TEXT, /* exact, in this order */
    DEMOGRAPHIC_NAME, /* exact, in any order */
    DEMOGRAPHIC_ADDRESS,
    DEMOGRAPHIC_FULL_ADDRESS, /* against the stored parts, joined */
    DEMOGRAPHIC_BIRTH_DATE,
    DEMOGRAPHIC_AGE,
    DEMOGRAPHIC_PHONE,
    DEMOGRAPHIC_EMAIL,
    DEMOGRAPHIC_PREFERRED, /* the language the person prefers */
    DEMOGRAPHIC_KINDS
};

enum demographic_languages {
    DEMOGRAPHIC_ONE_VALUE,   /* without a language */
    DEMOGRAPHIC_BY_LANGUAGE, /* each value has one */
    DEMOGRAPHIC_EITHER,      /* a dynamic attribute: as the programme sends it */
};

struct demographic_member {
    const char *name;   /* in the request */
    const char *stored; /* in the record: an attribute, or what a typed field of it stands for */
    enum demographic_kind kind;
    enum demographic_languages languages;
    bool address_part; /* of fullAddress */
};

/* The mapping of §8.2. What has no row by its name is a dynamic attribute: compared as the row
 * whose stored name it is, else as a text stored under its own name. */
struct demographic_member demographic_member_of(const char *name);

/* "" without one. */
const char *demographic_member_language(const struct payload_demographic *sent);

/* The stored names of the parts of fullAddress, in its order. */
#define DEMOGRAPHIC_ADDRESS_PARTS 7
extern const char *const demographic_member_address_parts[DEMOGRAPHIC_ADDRESS_PARTS];
