#pragma once

#include <stdint.h>

#include "authd/wire/biometric_wire_segment.h"

/* MOSIP's names of kinds and parts of the body: bioType and bioSubType (§3.2). */

/* Sets the capture, part and position that the texts of ${segment} name. */
void biometric_name_classify(struct biometric_segment *segment);

/* Whose body it is of; of BIOMETRIC_CAPTURE_NONE a finger's, which nothing is to be made of. */
enum biometric_modality biometric_name_modality(enum biometric_capture capture);

/* The last position of a part that there is: 10, 2 or 0; each begins with 1. */
uint8_t biometric_name_last_position(enum biometric_modality modality);
