#pragma once

#include "authd/match/finger.h"

/*
 * Reads a record of ISO/IEC 19794-2:2005 with one finger view from ${path}. Every length, count and
 * reserved bit is checked; extended data is skipped. ERR_SYSTEM (cannot be read), ERR_TRUNCATED,
 * ERR_TOO_LARGE, ERR_MALFORMED.
 */
MUST_CHECK enum err match_eval_file_read(const char *path, struct finger_template *template);
