#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Several scores become one on the same scale: 1000 · −log10 of the share of other people that
 * reach it, to FINGER_SCORE_MAX. No scores give 0.
 */

/*
 * One finger against several enrolled impressions of it, whose scores hang together: the mean of
 * the two best, less what having more to choose from is worth.
 */
uint32_t finger_fuse_impressions(const uint32_t *scores, size_t count);

/*
 * Several fingers of one person, each against the enrolled finger that it claims to be: the better
 * of what all say together (Fisher's method: they are independent; a score counts from 500 on, as
 * templates can be made that are a little like everybody's) and what the best says alone, less what
 * having the choice is worth.
 */
uint32_t finger_fuse_fingers(const uint32_t *scores, size_t count);
