#pragma once

#include "tests/bench/cast.h"
#include "tests/bench/floor.h"

/* Builds a call of each kind that ${mix} makes, for the floor. ${cast} must outlive them. */
MUST_CHECK enum err samples_make(struct floor_sample samples[static CALL_KINDS],
                                 const struct kit *kit, const struct mix *mix, struct cast *cast);
void samples_free(struct floor_sample samples[static CALL_KINDS]);
