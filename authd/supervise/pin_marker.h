#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The memory of a refused PIN. Tokens destroy their keys after a few wrong PINs, so one that was
 * refused is never tried again, whatever restarts in between: the marker names the very file
 * (device, inode, time of change) whose PIN was refused, and while that file is in place no signer
 * starts.
 */
#define PIN_MARKER_NAME "pin-refused"
#define PIN_MARKER_SIZE 128

/* A file's identity as the line the marker holds. */
struct pin_identity {
    char line[PIN_MARKER_SIZE];
};

/* Only looks at the file's name, never into it. A file that cannot be looked at becomes the line
 * "any". */
void pin_marker_identify(const char *pin_file, struct pin_identity *identity);

/*
 * Records that the PIN of ${before} was refused, where ${before} was taken before the signer
 * started: durable when it gives ERR_OK. When ${pin_file} has changed since, nobody knows which of
 * the two was refused, and the marker says "any".
 */
MUST_CHECK enum err pin_marker_write(int folder, const struct pin_identity *before,
                                     const char *pin_file);

/* *refused: there is a marker, and it names ${pin_file} as it is now, "any", or nothing readable.
 * ERR_SYSTEM. */
MUST_CHECK enum err pin_marker_check(int folder, const char *pin_file, bool *refused);

/* A PIN was accepted. */
MUST_CHECK enum err pin_marker_remove(int folder);
