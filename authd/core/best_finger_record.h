#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * What is remembered of a person's fingers: for each how many tries and matches there were, in
 * sixteenths. Both fade: by an eighth with each further try of that finger, and by a twentieth each
 * week, so that a quarter of a year halves them. Pure functions.
 */
/* Fingers are counted by position: 1 right thumb … 10 left little finger; 0 is unused. */
#define BEST_FINGER_POSITIONS 11
#define BEST_FINGER_BYTES     24  /* of an encoded record */
#define BEST_FINGER_TRIES_MAX 128 /* what endless tries come to */

struct best_finger_record {
    uint32_t week; /* since 1970, of the last change */
    uint8_t tries[BEST_FINGER_POSITIONS];
    uint8_t matches[BEST_FINGER_POSITIONS]; /* at most tries */
};

/* What one request said of a finger. */
struct best_finger_seen {
    uint8_t position; /* 1 to 10 */
    bool matched;     /* by itself, at the policy's threshold */
};

/*
 * The record after a request. Where no finger matched it may have been another person: what it says
 * counts half. Positions outside 1 to 10 are passed over. A clock that was set back ages nothing.
 */
void best_finger_record_add(struct best_finger_record *record, const struct best_finger_seen *seen,
                            size_t count, int64_t wall_ms);

/*
 * The one of ${candidates} (bits 1 << position) that is likeliest to match at ${wall_ms}; what is
 * not known of a finger is filled in by how such fingers do as a rule: index, thumb, middle, ring,
 * little; right before left. 0: none, or each of them fails three times of four.
 */
uint8_t best_finger_record_choose(const struct best_finger_record *record, uint32_t candidates,
                                  int64_t wall_ms);

void best_finger_record_put(struct buffer *target, const struct best_finger_record *record);
/* ERR_CORRUPT: not what the writer writes. */
MUST_CHECK enum err best_finger_record_get(struct bytes plain, struct best_finger_record *record);
