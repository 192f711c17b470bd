#pragma once

#include <stdint.h>

/*
 * How long another lane's loop has been silent, by its pulse, as lane 0 sees it. While lane 0
 * itself did not run (a suspended machine, a starved one), nobody can be blamed for silence: it
 * counts from when lane 0 went on.
 */
struct lane_watch {
    int64_t looked_ms, since_ms; /* CLOCK_BOOTTIME; 0 at first */
};

/* Lane 0 runs; told in each of its turns, before it looks at the pulses. */
void lane_watch_note(struct lane_watch *watch, int64_t now_ms);
/* 0 while that loop has not begun: ${beat_ms} is 0. */
int64_t lane_watch_silent_ms(const struct lane_watch *watch, int64_t beat_ms, int64_t now_ms);
