#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Appends ${text} letter by letter in the form in which letters are compared: see step 1 of
 * normalise.h. What separates words is ASCII afterwards. Never longer than ${text}, and folding
 * again changes nothing. ERR_MALFORMED (not UTF-8), ERR_FULL (no room for as much as ${text}).
 */
MUST_CHECK enum err letters_fold(struct bytes text, struct buffer *folded);
