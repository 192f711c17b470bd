#pragma once

#include <jansson.h>

#include "authd/core/identifier.h"
#include "firmware/base/err.h"
#include "provisioning/demo/demo_random.h"

/*
 * Gives numbers that obey every rule of MOSIP's generator, each once. ${given} is the set of those
 * given before: an empty JSON object at first.
 */
#define DEMO_NUMBER_SIZE (IDENTIFIER_VID_DIGITS + 1)
MUST_CHECK enum err demo_number_make(struct demo_random *random, enum identifier_type type,
                                     json_t *given, char number[static DEMO_NUMBER_SIZE]);
