#pragma once

#include "firmware/base/err.h"
#include "firmware/base/secret.h"

#define PIN_BYTES_MAX 255

/*
 * Reads the user PIN of the token from ${path}: its first line, 4 to 255 bytes, no zero byte. The
 * file must be a regular one, no link, owned by this process's uid or by root, with nothing for
 * group and others. It is read straight into secret memory, once; ${pin} is the caller's to free.
 * ERR_CONFIG, with the reason in the log; ERR_NOT_FOUND when it is not there.
 */
MUST_CHECK enum err pin_read(const char *path, struct secret *pin);
