#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "firmware/base/err.h"

/*
 * The memory of a refused PIN. Tokens destroy their keys after a few wrong PINs, so one that was
 * refused is never tried again, whatever restarts in between: the marker names the very file
 * (device, inode, size, time of writing) whose PIN was refused, and while that file is in place no
 * signer starts. Another owner or mode makes no other PIN of it.
 */
#define PIN_MARKER_NAME "pin-refused"
#define PIN_MARKER_SIZE 128

/* A file's identity as the line the marker holds. */
struct pin_identity {
    char line[PIN_MARKER_SIZE];
};

/*
 * The PIN file, whose name alone is looked at. It is opened (as a name, not to be read) while authd
 * is root: afterwards its folder may be closed to authd, and the open name still tells whether the
 * file is the same.
 */
struct pin_file {
    const char *path;
    int name; /* -1: there was none, or it could not be opened */
    struct stat opened;
};
void pin_marker_open(const char *path, struct pin_file *file);

/* Of the file that is in place now. One of which that cannot be said becomes the line "any". */
void pin_marker_identify(const struct pin_file *file, struct pin_identity *identity);

/*
 * Records that the PIN of ${before} was refused, where ${before} was taken before the signer
 * started: durable when it gives ERR_OK. When ${file} has changed since, nobody knows which of
 * the two was refused, and the marker says "any".
 */
MUST_CHECK enum err pin_marker_write(int folder, const struct pin_identity *before,
                                     const struct pin_file *file);

/* *refused: there is a marker, and it names ${file} as it is now, "any", or nothing readable.
 * ERR_SYSTEM. */
MUST_CHECK enum err pin_marker_check(int folder, const struct pin_file *file, bool *refused);

/* A PIN was accepted. */
MUST_CHECK enum err pin_marker_remove(int folder);
