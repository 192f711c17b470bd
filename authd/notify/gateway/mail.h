#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* One mail as SMTP carries it: RFC 5322 headers and a text/plain body in UTF-8 (MIME, base64). */
#define MAIL_BYTES_MAX   4096
#define MAIL_ADDRESS_MAX 127

struct mail_message {
    const char *from, *to;
    struct bytes subject; /* UTF-8, one line */
    struct bytes text;    /* UTF-8, lines that end with a line feed */
    uint64_t id;          /* of the Message-ID: random */
    int64_t wall_ms;
};

/*
 * ERR_MALFORMED unless it is an address that needs no quoting: name@domain in ASCII, of letters,
 * digits and few marks (RFC 5321 §4.1.2, dot-string and domain).
 */
MUST_CHECK enum err mail_address_check(const char *address);

/*
 * Appends the whole message to ${target}, which must be secret memory. ERR_MALFORMED,
 * ERR_TOO_LARGE, ERR_FULL.
 */
MUST_CHECK enum err mail_write(const struct mail_message *message, struct buffer *target);
