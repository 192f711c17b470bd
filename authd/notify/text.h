#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Messages to people. Each message has in each language a row of wordings, from the fullest to the
 * shortest; a short message is always within one SMS segment, mail has room. A new message is a
 * value of enum text_message and a row in text_table.c.
 */
enum text_language { TEXT_ARA, TEXT_FRA, TEXT_ZGH, TEXT_ENG, TEXT_LANGUAGES };
enum text_message {
    TEXT_OTP,
    TEXT_CONFIRMED, /* the person was authenticated */
    TEXT_FAILED,    /* somebody tried and was not */
    TEXT_SHORT_MESSAGES,
    /* The same as mail. A subject never has the code: screens and logs show subjects. */
    TEXT_OTP_SUBJECT = TEXT_SHORT_MESSAGES,
    TEXT_CONFIRMED_SUBJECT,
    TEXT_FAILED_SUBJECT,
    TEXT_OTP_MAIL,
    TEXT_CONFIRMED_MAIL,
    TEXT_FAILED_MAIL,
    TEXT_MESSAGES
};

#define TEXT_MINUTES_MAX    999
#define TEXT_OTP_MAX        7    /* characters */
#define TEXT_IDENTIFIER_MAX 16   /* characters */
#define TEXT_BYTES_MAX      512  /* room for a short message or a subject */
#define TEXT_MAIL_BYTES_MAX 1024 /* room for mail */

/* By the codes of ISO 639-2 and 639-3 that MOSIP uses: "ara", "fra", "zgh", "eng". ERR_NOT_FOUND.
 */
MUST_CHECK enum err text_language_parse(const char *code, enum text_language *language);
const char *text_language_code(enum text_language language);

/* What the placeholders stand for; those that the message does not use may be left out. */
struct text_values {
    const char *programme;  /* any name; it is cut when there is no room */
    const char *otp;        /* digits */
    unsigned minutes;       /* validity, 1..TEXT_MINUTES_MAX */
    const char *date;       /* local_time_format: "21-11-2026" */
    const char *time;       /* "22:55" */
    const char *identifier; /* masked: digits and X */
};

/*
 * The validity to speak of, in whole minutes, for ${left_ms}. A quarter of a minute is forgiven:
 * a code of three minutes should say so though the message is made a moment later. (Minutes and
 * not a time of day: Morocco changes its offset with the lunar calendar, and a phone's clock may
 * be wrong.) ERR_EXPIRED when less than the quarter is left; ERR_TOO_LARGE.
 */
MUST_CHECK enum err text_minutes(int64_t left_ms, unsigned *minutes);

/*
 * Appends the message to ${target}, which must be secret memory as the text holds the code: no
 * other copy of it is made. Takes the first wording with room for the whole name; then the shortest
 * with the name cut. Mail takes the first wording. ERR_MALFORMED: a value is not what it should be.
 * ERR_FULL, ERR_TOO_LARGE. After an error ${target} holds nothing new.
 */
MUST_CHECK enum err text_render(enum text_message message, enum text_language language,
                                const struct text_values *values, struct buffer *target);
