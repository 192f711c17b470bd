#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* Durations, in milliseconds. A day is one of 24 hours. */
#define CLOCK_SECOND_MS INT64_C(1000)
#define CLOCK_MINUTE_MS (60 * CLOCK_SECOND_MS)
#define CLOCK_HOUR_MS   (60 * CLOCK_MINUTE_MS)
#define CLOCK_DAY_MS    (24 * CLOCK_HOUR_MS)

#define CLOCK_BOOT_ID_BYTES 16
#define CLOCK_TEXT_SIZE     32 /* "2024-01-15T10:20:30.123Z" and its zero */

/* Wall clock, milliseconds since 1970. For request windows, certificates and records. */
int64_t clock_wall_ms(void);
/* CLOCK_BOOTTIME, milliseconds since this boot, suspended time included. For lifetimes and
 * deadlines. */
int64_t clock_boot_ms(void);
int64_t clock_boot_ns(void);
/* The kernel's id of this boot (read once, at the first call: before confinement). ERR_SYSTEM. */
MUST_CHECK enum err clock_boot_id(uint8_t id[static CLOCK_BOOT_ID_BYTES]);

/*
 * Parses MOSIP's yyyy-MM-dd'T'HH:mm:ss.SSSXXX: exactly three digits of milliseconds, then Z, +hh:mm
 * or -hh:mm. ERR_MALFORMED on anything else, impossible dates included.
 */
MUST_CHECK enum err clock_parse_millis(struct bytes text, int64_t *wall_ms);
/* Writes "2024-01-15T10:20:30.123Z". */
void clock_format_millis(int64_t wall_ms, char text[static CLOCK_TEXT_SIZE]);
/* Civil date (UTC) of ${wall_ms}. */
void clock_date(int64_t wall_ms, int *year, int *month, int *day);
