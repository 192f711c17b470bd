#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Fingers and irises of synthetic people. All of it follows from the person's UIN, so that whoever
 * has the people's file makes the same captures again: the first of a part is what the register
 * enrolled, the others are what a device sees.
 */
enum demo_biometrics_part {
    DEMO_RIGHT_INDEX, /* ISO/IEC 19794-2:2005 */
    DEMO_LEFT_INDEX,  /* ISO/IEC 19794-2:2011 */
    DEMO_RIGHT_IRIS,  /* container of authd/match/iris_code.h */
    DEMO_LEFT_IRIS,
    DEMO_BIOMETRICS_PARTS
};
#define DEMO_BIOMETRICS_CAPTURES   3
#define DEMO_BIOMETRICS_RECORD_MAX 2048

/* As requests name it: "Right IndexFinger", "Left"… */
const char *demo_biometrics_name(enum demo_biometrics_part part);

/* Appends the record of capture ${number} to ${record}, which has the error. */
void demo_biometrics_capture(const char *uin, enum demo_biometrics_part part, unsigned number,
                             struct buffer *record);

/* The member "biometrics" of a person for `officer people import`: what is enrolled, base64. */
MUST_CHECK enum err demo_biometrics_enrol(const char *uin, bool with_irises, json_t **biometrics);

/*
 * Writes all captures of what ${person} of the people's file has enrolled into ${directory}, under
 * biometrics/ID-…, and gives the member "biometrics" of kit.json: {name: [files; the first is
 * enrolled]}. A person who has none: an empty object.
 */
MUST_CHECK enum err demo_biometrics_hand_over(const json_t *person, const char *id,
                                              const char *directory, json_t **biometrics);
