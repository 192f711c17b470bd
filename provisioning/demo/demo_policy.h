#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "authd/store/programme.h"

/* The demo programmes, as data: who they are and what their policies allow. */
struct demo_partner {
    const char *id, *name;
    const char *status;          /* of the partner: "active", "suspended" */
    const char *api_key_expires; /* NULL: never */
    const char *token_type;      /* "random", "partner", "policy" */
    unsigned allowed, mandatory; /* AUTH_TYPE_BITs */
    bool unsigned_requests;      /* JOSE profile: claims need no signature */
    bool tells_person;           /* the person gets a message of each authentication */
    bool sees_photo;             /* eKYC gives it the person's photo */
    bool names_factors;          /* a refusal may name the finger or the factor to try next */
    bool asks_properties;        /* JOSE profile: ageOver and livesIn, answered by yes or no */
};

extern const struct demo_partner demo_policy_partners[];
extern const size_t demo_policy_partner_count;

/* The id of ${partner}'s policy. */
#define DEMO_POLICY_ID_SIZE 64
void demo_policy_id(const struct demo_partner *partner, char id[static DEMO_POLICY_ID_SIZE]);

/* The policy in the format of `officer policy add`; NULL without memory. */
json_t *demo_policy_json(const struct demo_partner *partner);
