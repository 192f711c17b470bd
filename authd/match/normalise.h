#pragma once

#include <stddef.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The form in which two texts are compared (§8.3), from the tables of normalise_table.c. No I/O, no
 * clock, no allocation.
 *
 * In this order:
 *   1. Letters: small for large (Latin, with Extended-A and the additional letters of written
 *      Amazigh); Arabic-Indic digits become 0–9; blanks and quotes and dashes of any kind become
 *      those of ASCII; marks of direction and joining go. In Arabic tatweel and vowel signs go, and
 *      each form of alef, hamza's seats, final ya and ta marbuta become one letter.
 *   2. Words: the rows of the language and kind. A name loses its titles, an address its "c/o" and
 *      "no.", and words that are abbreviated take their short form; "1st" becomes "1". When nothing
 *      would be left, this step is left out.
 *   3. Punctuation of §8.3 becomes a space, runs of spaces one; none at either end.
 *
 * Beyond §8.3, which gives the English address and the punctuation: the tables of French, Arabic
 * and Amazigh; the titles, which MOSIP takes from its master data; punctuation outside ASCII;
 * letters with a combining accent, which become one; "œ" and "æ" as two letters; "°" as a dot. Rows
 * replace whole words, where MOSIP's expressions also change the inside of longer ones: what they
 * make equal is equal here, unless only they cut words apart.
 */
#define NORMALISE_MAX 2048

enum normalise_kind { NORMALISE_COMMON, NORMALISE_NAME, NORMALISE_ADDRESS };

/*
 * Writes the normal form of ${text} in ${language} ("eng", "fra", "ara", "zgh"; any other, "" too,
 * has the common rows only). ${normal} is empty when nothing of the text counts; it is never longer
 * than the text, is UTF-8, and its own normal form is itself. ERR_TOO_LARGE (over NORMALISE_MAX),
 * ERR_MALFORMED (not UTF-8); ${normal} is then empty.
 */
struct normalise_text {
    size_t len;
    uint8_t data[NORMALISE_MAX];
};
MUST_CHECK enum err normalise_text(struct bytes text, const char *language,
                                   enum normalise_kind kind, struct normalise_text *normal);

static inline struct bytes normalise_view(const struct normalise_text *normal) {
    return bytes_of(normal->data, normal->len);
}

/* Whether two normal forms have the same words, each as often, in any order (§8.1, exact). Two
 * texts without a word do not. */
bool normalise_same_words(struct bytes left, struct bytes right);
