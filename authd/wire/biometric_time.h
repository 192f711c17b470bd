#pragma once

#include "authd/wire/biometric_wire_segment.h"

/* Sets what the text of ${time} says: in whole seconds, or with the milliseconds of the clock's
 * pattern; neither: it is not valid, and 0. */
void biometric_time_parse(struct biometric_time *time);
