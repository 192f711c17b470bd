#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/err.h"

/*
 * A programme's name as a message can carry it. Names come from the registry in any script and up
 * to SHORT_NAME_SIZE - 1 bytes; a message has only so much room.
 */
#define SHORT_NAME_SIZE 64

struct short_name {
    char text[SHORT_NAME_SIZE];
};

/*
 * Takes ${name} without control characters and marks of direction, runs of white space as one
 * space. ERR_MALFORMED: not UTF-8, or nothing is left. ERR_TOO_LARGE.
 */
MUST_CHECK enum err short_name_from(const char *name, struct short_name *clean);

/*
 * Replaces what the GSM 7-bit default alphabet lacks by the nearest letter it has ("ê" by "e").
 * *whole is false when a character has none, such as an Arabic one: ${name} is then unchanged.
 */
void short_name_fold(struct short_name *name, bool *whole);

/*
 * Drops the last character with all that is written on it, and ends with a full stop as an
 * abbreviation does. ERR_NOT_FOUND when no character is left to drop.
 */
MUST_CHECK enum err short_name_cut(struct short_name *name);
