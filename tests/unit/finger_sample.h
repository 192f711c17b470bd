#pragma once

#include "authd/match/finger.h"
#include "authd/match/finger_scratch.h"

/* Synthetic fingers for the matcher's tests: the same number is the same finger. */

/* Impression ${impression} of finger ${finger}, a careful one. */
void finger_sample_good(unsigned finger, unsigned impression, struct finger_template *template);
/* The same finger, taken as badly as in public evaluations. */
void finger_sample_poor(unsigned finger, unsigned impression, struct finger_template *template);
/* Any values that a record may carry; ${number} is the seed. */
void finger_sample_noise(unsigned number, struct finger_template *template);

/* Prepares both and compares them. */
uint32_t finger_sample_score(const struct finger_template *one,
                             const struct finger_template *other);
