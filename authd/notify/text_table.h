#pragma once

#include "authd/notify/text.h"

/*
 * The wordings, as data. Placeholders: {programme}, {otp}, {validity} (a number and the word for
 * minutes in its right form), {minutes} (the number alone), {date}, {time}, {identifier}.
 */
#define TEXT_WORDINGS_MAX 3

struct text_wordings {
    const char *wordings[TEXT_WORDINGS_MAX]; /* the fullest first; NULL after the last */
};

/* NULL when there is no such message or language. */
const struct text_wordings *text_table_find(enum text_message message, enum text_language language);

/* How ${minutes} are said; a "#" in it stands for the number. */
const char *text_table_minutes(enum text_language language, unsigned minutes);
