#pragma once

#include <jansson.h>

#include "firmware/base/err.h"

/*
 * The kit's people: everyone who is a case of their own and the first DEMO_KIT_ORDINARY others, as
 * a programme would present them: an identifier (the VID of those who have one) and demographics
 * in the member names of a request, the SHA-256 of their photo, and captures of their fingers and
 * irises, which are written into ${directory}. ERR_MALFORMED: not a file of demo_people_make.
 */
#define DEMO_KIT_ORDINARY 200
MUST_CHECK enum err demo_kit_people_choose(const json_t *people, const char *directory,
                                           json_t **chosen);
