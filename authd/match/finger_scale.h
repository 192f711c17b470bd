#pragma once

#include <stdint.h>

/* From evidence, which has no unit, to a score as finger.h defines it. */
uint32_t finger_scale(float evidence);
