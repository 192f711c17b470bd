#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The form in which two texts are compared (§8.3), from tables: of letters in letters.c, of words
 * in normalise_table.c. No I/O, no clock, no allocation.
 *
 *   1. Letters: small for large (Latin with Extended-A and the further letters of written Amazigh);
 *      Arabic-Indic digits become 0–9; blanks, quotes and dashes of any kind become those of ASCII;
 *      marks of direction and of joining go. In Arabic tatweel, vowel signs and signs of recitation
 *      go; the forms of alef, the seats of hamza, alef maqsura, ta marbuta and the letters for g
 *      become one letter each.
 *   2. Words, by the rows of a language and a kind: a name loses its titles, an address its "c/o"
 *      and "no."; words that have a short form take it; "1st" becomes "1".
 *   3. The punctuation of §8.3 becomes a space, runs of spaces one; none is left at either end.
 *
 * Beyond §8.3, which has the English address and the punctuation: the rows of French, Arabic and
 * Amazigh; the titles, which MOSIP takes from its master data; all of step 1 but small letters; any
 * ordinal number. And rows stand for whole words, where MOSIP's expressions also change the inside
 * of longer ones.
 */
#define NORMALISE_MAX 2048

enum normalise_kind { NORMALISE_COMMON, NORMALISE_NAME, NORMALISE_ADDRESS };

struct normalise_form {
    size_t len;
    uint8_t data[NORMALISE_MAX];
};

/*
 * The normal form of ${text} in ${language}: "eng", "fra", "ara" or "zgh"; any other, "" too, has
 * no rows of words. It is never longer than ${text}, is UTF-8, and its own normal form is itself;
 * empty when nothing of the text counts. ERR_TOO_LARGE (over NORMALISE_MAX), ERR_MALFORMED (not
 * UTF-8); ${form} is then empty.
 */
MUST_CHECK enum err normalise_text(struct bytes text, const char *language,
                                   enum normalise_kind kind, struct normalise_form *form);
void normalise_forget(struct normalise_form *form); /* wipes it */

/* Exact (§8.1). Both need at least one word: what is empty is the same as nothing. */
bool normalise_same_words(const struct normalise_form *left,
                          const struct normalise_form *right); /* each as often, in any order */
bool normalise_same_text(const struct normalise_form *left, const struct normalise_form *right);
