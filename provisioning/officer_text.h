#pragma once

#include <stdio.h>

#include "provisioning/officer_wire.h"

/*
 * Everything officer says, in English and French, from one table. %1 and %2 stand for what the
 * caller gives. The language is French when LC_ALL, LC_MESSAGES or LANG, the first that is set,
 * begins with "fr".
 */
enum officer_text {
    /* the command line */
    TEXT_INTRODUCTION,
    TEXT_OPTIONS,
    TEXT_EXAMPLE,
    TEXT_UNKNOWN_NOUN,
    TEXT_UNKNOWN_VERB,
    TEXT_UNKNOWN_ARGUMENT,
    TEXT_MISSING_ARGUMENT,
    TEXT_DOUBLE_ARGUMENT,
    TEXT_BAD_TIME,
    TEXT_BAD_STATUS,
    TEXT_TOO_LONG,
    /* files */
    TEXT_CANNOT_READ,
    TEXT_FILE_TOO_LARGE,
    TEXT_FILE_EMPTY,
    TEXT_BAD_KEY_FILE,
    TEXT_NOT_JSON,
    TEXT_MEMBER_UNKNOWN,
    TEXT_MEMBER_MISSING,
    TEXT_MEMBER_TYPE,
    TEXT_MEMBER_VALUE,
    TEXT_MEMBER_TOO_LONG,
    TEXT_PERSON_TOO_LARGE,
    TEXT_BAD_HOTLISTED,
    TEXT_PHOTO_TOO_LARGE,
    TEXT_PHOTO_NO_IMAGE,
    TEXT_PART_UNKNOWN,
    TEXT_RECORD_NOT_BASE64,
    TEXT_RECORDS_TOO_LARGE,
    TEXT_RECORDS_MANY,
    TEXT_BAD_PROBABILITY,
    TEXT_BAD_KIND,
    /* the connection */
    TEXT_NO_SOCKET,
    TEXT_NOT_LET_IN,
    TEXT_NO_ANSWER,
    TEXT_NO_MEMORY,
    /* results */
    TEXT_KEYS_MADE,
    TEXT_KEYS_THERE,
    TEXT_BAD_KEY_NAME,
    TEXT_BAD_PURPOSE,
    TEXT_BAD_SWITCH,
    TEXT_KEY_DRY_RUN,
    TEXT_KEY_ROLLS,
    TEXT_KEY_KEPT,
    TEXT_KEY_LET_GO,
    TEXT_KEY_DESTRUCTION,
    TEXT_KEY_REVOKED,
    TEXT_CLOCK_CONFIRMED,
    TEXT_KEY_NEXT_CLOCK,
    TEXT_KEY_NEXT_NOTHING,
    TEXT_KEY_NEXT_NEVER,
    TEXT_KEY_NEXT_GENERATE,
    TEXT_KEY_NEXT_PUBLISH,
    TEXT_KEY_NEXT_ACTIVATE,
    TEXT_KEY_NEXT_RETIRE,
    TEXT_KEY_NEXT_DESTROY,
    TEXT_BAD_FORCE,
    TEXT_USAGE_SINCE,
    TEXT_USAGE_HEAD,
    TEXT_USAGE_LEFT_OUT,
    TEXT_USAGE_SILENT,
    TEXT_USAGE_SHORT,
    TEXT_USAGE_UNCOUNTED,
    TEXT_USAGE_BREAKS,
    TEXT_USAGE_BREAKS_NOBODY,
    TEXT_TRUSTED,
    TEXT_PARTNER_ADDED,
    TEXT_PARTNER_ACTIVE,
    TEXT_PARTNER_SUSPENDED,
    TEXT_JOSE_PUT,
    TEXT_JOSE_REMOVED,
    TEXT_JOSE_TLS,
    TEXT_JOSE_SIGNATURE,
    TEXT_JOSE_ENCRYPTION,
    TEXT_POLICY_ADDED,
    TEXT_API_KEY_ADDED,
    TEXT_MISP_ADDED,
    TEXT_PEOPLE_PROGRESS,
    TEXT_PEOPLE_DONE,
    TEXT_PROGRAMMES_DONE,
    TEXT_STATUS_STATE,
    TEXT_STATUS_PROCESSES,
    TEXT_STATUS_SEQUENCE,
    TEXT_STATUS_PEOPLE,
    TEXT_STATUS_PROGRAMMES,
    TEXT_STATUS_JOSE,
    TEXT_STATUS_ENROLLED,
    TEXT_HOTLISTED,
    TEXT_HOTLIST_REMOVED,
    TEXT_PIN_HELP,
    /* what each command is for */
    TEXT_ABOUT_KEY_INITIALISE,
    TEXT_ABOUT_KEY_LIST,
    TEXT_ABOUT_KEY_SHOW,
    TEXT_ABOUT_KEY_ROLL,
    TEXT_ABOUT_KEY_KEEP,
    TEXT_ABOUT_KEY_USAGE,
    TEXT_ABOUT_KEY_RETIRE,
    TEXT_ABOUT_KEY_DESTROY,
    TEXT_ABOUT_KEY_REVOKE,
    TEXT_ABOUT_CLOCK_CONFIRM,
    TEXT_ABOUT_TRUST_ADD,
    TEXT_ABOUT_PARTNER_ADD,
    TEXT_ABOUT_PARTNER_SUSPEND,
    TEXT_ABOUT_PARTNER_ACTIVATE,
    TEXT_ABOUT_PARTNER_JOSE,
    TEXT_ABOUT_PARTNER_JOSE_REMOVE,
    TEXT_ABOUT_PARTNER_JOSE_SHOW,
    TEXT_ABOUT_POLICY_ADD,
    TEXT_ABOUT_API_KEY_ADD,
    TEXT_ABOUT_MISP_ADD,
    TEXT_ABOUT_PEOPLE_IMPORT,
    TEXT_ABOUT_PROGRAMMES_IMPORT,
    TEXT_ABOUT_HOTLIST_ADD,
    TEXT_ABOUT_HOTLIST_REMOVE,
    TEXT_ABOUT_STATUS,
    TEXT_ABOUT_PIN,
    TEXT_COUNT
};

/* Once, at the start. */
void officer_text_choose_language(void);
/* Prints one line; ${first} and ${second} may be NULL where the text has no place for them. */
void officer_text_print(FILE *stream, enum officer_text text, const char *first,
                        const char *second);
/* The same on standard error, after "officer: ". */
void officer_text_complain(enum officer_text text, const char *first, const char *second);
/*
 * Why provd refused, and what to do, on standard error. ${where} names what was asked; may be NULL.
 * A detail that the text has no place for comes behind it.
 */
void officer_text_refusal(const struct officer_outcome *outcome, const char *where);
