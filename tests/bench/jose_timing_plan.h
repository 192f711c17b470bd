#pragma once

#include <jansson.h>
#include <stddef.h>

#include "firmware/base/err.h"
#include "provisioning/programme/devices.h"
#include "provisioning/programme/jose_party.h"

/*
 * What is asked, and of whom: a JSON file with "programme" (its id) and "classes". Each class has a
 * "name", a "group" (only classes of one group are compared), a "call" ("otp" or
 * "authentications"), the "status" of its answers, and "asks". An ask has "individualId",
 * "individualIdType", "txn", and for an authentication "factors", or "holder": the individualId of
 * one of the kit's people, whose right index finger is captured. Those of a class take turns.
 */
#define JOSE_TIMING_CLASSES_MAX 24

struct jose_timing_class {
    const char *name, *group, *path;
    const json_t *asks;
    long status;
    size_t next; /* whose turn it is */
};

struct jose_timing_plan {
    json_t *document;
    struct kit kit;
    struct kit_partner partner;
    json_t *published;
    struct jose_party party;
    struct devices devices;
    json_t *code_claims, *factor_claims;
    size_t class_count;
    struct jose_timing_class classes[JOSE_TIMING_CLASSES_MAX];
};

/* Reads the kit, the plan and the appliance's keys. Says on stderr what is wrong. */
MUST_CHECK enum err jose_timing_plan_open(const char *kit, const char *path,
                                          struct jose_timing_plan *plan);
void jose_timing_plan_close(struct jose_timing_plan *plan);

/* The body of the next request of ${class}, which the caller frees. ERR_CRYPTO. */
MUST_CHECK enum err jose_timing_plan_build(struct jose_timing_plan *plan,
                                           struct jose_timing_class *class, char **body);
