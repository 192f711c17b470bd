#pragma once

#include <stdint.h>

#include "provisioning/change.h"

/*
 * The pace of what provd does by itself over all rows. A step takes as long as the disk, which
 * core's journal shares, makes it wait: when that is slow, the pauses grow with it. While officers
 * import they grow once more.
 */
#define PACE_PAUSE_MOST_MS 10000
#define PACE_ROWS_A_STEP   256

/*
 * Calls ${turn}, one of those of provisioning/upkeep.h, if it is due at *${due_ms} of the boot
 * clock, and stores when it is due again: after the pause that it gives, and after
 * PACE_PAUSE_MOST_MS when it failed, which is logged as ${event}. Gives in how many ms that is.
 */
int pace_turn(struct provd *provd, int64_t *due_ms, const char *event,
              enum err (*turn)(struct provd *provd, int64_t *pause_ms));

/* In how many ms the next step may come, after one that began at ${began_ms} of the boot clock. */
int64_t pace_pause_ms(const struct provd *provd, int64_t began_ms);
/* What is shown of ${seen} rows of ${rows}: at most 99 of a sweep that is not at its end. */
uint8_t pace_percent(uint64_t seen, uint64_t rows);
