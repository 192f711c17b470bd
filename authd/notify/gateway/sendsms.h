#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * One request to Kannel's sendsms by POST (user guide, "Sending SMS messages by HTTP POST"): the
 * body is the text, everything else is in X-Kannel headers. Nothing of it is in the URL, which
 * access logs keep.
 */
#define SENDSMS_HEADERS_MAX 12
#define SENDSMS_BYTES_MAX   2048 /* of memory that a request takes */
#define SENDSMS_NUMBER_MAX  16   /* characters: + and E.164 */
#define SENDSMS_SENDER_MAX  15

/* Delivery reports asked for: delivered, failed, rejected by the SMSC. */
#define SENDSMS_REPORT_MASK (1 | 2 | 16)

struct sendsms_message {
    struct bytes user, password;
    const char *sender;
    const char *to;
    struct bytes text;         /* UTF-8, one segment */
    unsigned validity_minutes; /* how long it is worth delivering */
    const char *report_url;    /* NULL: no reports; "%d" in it becomes the kind of report */
};

struct sendsms_request {
    const char *headers[SENDSMS_HEADERS_MAX]; /* "Name: value" */
    size_t header_count;
    struct bytes body;
};

/* ERR_MALFORMED unless it is a number that a request can carry: 5 to 15 digits, + before or not. */
MUST_CHECK enum err sendsms_number_check(const char *number);
/* ERR_MALFORMED unless it is a sender: letters, digits, blanks inside, + before. */
MUST_CHECK enum err sendsms_sender_check(const char *sender);

/*
 * Writes the request into ${target}, which must be secret memory and outlive it; coding 0 (GSM
 * 7-bit, sent as UTF-8) when the text is in that alphabet, else 2 (UCS-2, sent as UTF-16BE).
 * ERR_MALFORMED, ERR_TOO_LARGE (more than a segment), ERR_FULL.
 */
MUST_CHECK enum err sendsms_write(const struct sendsms_message *message, struct buffer *target,
                                  struct sendsms_request *request);
