#pragma once

#include <stdint.h>

#include <jansson.h>

#include "firmware/base/err.h"

/*
 * Synthetic people, in the format of `officer people import`: an array whose first members are one
 * person for each case a programme has to cope with, named by their note ("deactivated", "revoked
 * VID", "expired", "locked otp-phone", "locked demo", "infant", "no phone", "hotlisted", "perpetual
 * VID", "one-time VID", "no photo", "no biometrics", "locked bio-Finger"), and whose others are
 * adults with the note "ordinary". Two fingers of each are enrolled, and of every fourth both
 * irises.
 */
#define DEMO_PEOPLE_LEAST 40
#define DEMO_PEOPLE_MOST  100000

struct demo_people_order {
    uint32_t count;
    const char *seed; /* the same seed, count and date give the same people */
    int64_t today_ms; /* wall clock: ages are relative to it */
};
MUST_CHECK enum err demo_people_make(const struct demo_people_order *order, json_t **people);
