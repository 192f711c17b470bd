#pragma once

#include <stddef.h>

#include "authd/match/normalise.h"

/* What separates words, by letters_fold all of it ASCII: the space and the punctuation of §8.3. */
#define NORMALISE_SEPARATORS " .,-*()[]`'/\\#\""

/*
 * ${pattern} at the beginning of a word becomes ${replacement}; "" removes it. It is written as
 * letters_fold leaves it. Unless it ends in a separator it stands for a whole word. "#" in it is a
 * number, as "#" in the replacement. The first row that fits is taken; no replacement is longer
 * than its pattern, or fits a row itself.
 */
struct normalise_row {
    const char *language;
    enum normalise_kind kind;
    const char *pattern, *replacement;
};
extern const struct normalise_row normalise_table[];
extern const size_t normalise_table_count;
