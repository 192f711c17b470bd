#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "authd/store/programme.h"

/*
 * Who still encrypts to which of the box's keys: requests counted by key, programme and terminal,
 * in hours and in days. Statistics, not evidence: they are written to `state` about once a minute,
 * and a crash loses what came since.
 *
 * Its clock is the time in which it counted, kept over restarts: no setting of the wall clock, and
 * no time in which the box was off, makes a use look older than it is. A period has what its name
 * says at least, and at most one hour (of HOUR and DAY) or one day (of MONTH) more.
 *
 * Its memory is bounded. Terminals over the bound are counted together as their programme's other
 * terminals, programmes over it as one without a name. No use is left uncounted but those over the
 * bound of that too, and these are counted by themselves: then every key is held.
 */
enum key_usage_period { KEY_USAGE_HOUR, KEY_USAGE_DAY, KEY_USAGE_MONTH, KEY_USAGE_PERIODS };

#define KEY_USAGE_HOURS          25 /* the one that runs, and 24 whole ones */
#define KEY_USAGE_DAYS           31
#define KEY_USAGE_TERMINAL_BYTES 16
#define KEY_USAGE_NAME_SIZE      64
#define KEY_USAGE_PER_MILLE      1000

struct key_usage;
struct key_usage_options {
    size_t rows_max;       /* a row is a programme, or one of its terminals, with one key */
    int64_t hour_ms;       /* how long an hour is: less than 3600000 is for trials */
    int64_t boot_ms;       /* now; of the clock that all functions here are given */
    int64_t since_wall_ms; /* now, for people: kept as the begin of the counting */
};

/* ERR_SYSTEM. */
MUST_CHECK enum err key_usage_open(struct key_usage **usage,
                                   const struct key_usage_options *options);
void key_usage_close(struct key_usage *usage);

/* One request that a key of the box has opened. */
struct key_usage_use {
    uint8_t purpose; /* enum hsm_purpose */
    uint16_t generation;
    const char *programme;     /* partner id of a programme whose signature was verified */
    const uint8_t *terminal;   /* KEY_USAGE_TERMINAL_BYTES, a keyed hash; NULL: none was named */
    const char *terminal_name; /* may be shown to people; "": may not, or there is none */
};

/* Thread-safe. */
void key_usage_count(struct key_usage *usage, const struct key_usage_use *use, int64_t boot_ms);
