#pragma once

#include <jansson.h>

#include "firmware/base/err.h"

/* Passwords and keys of the demonstration: 192 bits of chance in base64url, in files of one line.
 */
#define DEMO_SECRET_BYTES 24
#define DEMO_SECRET_SIZE  (DEMO_SECRET_BYTES * 4 / 3 + 1)

struct demo_secret {
    char text[DEMO_SECRET_SIZE + 1]; /* with a line feed while it is written */
};
void demo_secret_wipe(struct demo_secret *secret);
#define DEMO_SECRET_CLEANUP __attribute__((cleanup(demo_secret_wipe)))

/* Makes one and writes it to ${path}. */
MUST_CHECK enum err demo_secret_make_file(const char *path, struct demo_secret *secret);
/* Reads "FOLDER/NAME". ERR_NOT_FOUND: nothing in it (said on stderr). */
MUST_CHECK enum err demo_secret_read_file(const char *folder, const char *name, json_t **text);
