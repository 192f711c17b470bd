#pragma once

#include "authd/store/enrolled.h"

/* Fills ${enrolled} with fingers, eyes, a face and what a plug-in extracted; views are of static
 * memory. ${count} parts of at most ENROLLED_SAMPLE_PARTS. */
#define ENROLLED_SAMPLE_PARTS 8
void enrolled_sample(struct enrolled *enrolled, size_t count);
/* One impression of ${position} with ${count} minutiae. */
struct enrolled_part enrolled_sample_finger(uint8_t position, uint8_t count);
