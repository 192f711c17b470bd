#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* What a file of the outbox holds. All are C strings in UTF-8. */
struct outbox_message {
    const char *channel; /* "phone" or "email" */
    const char *to;
    const char *language;
    struct bytes text;
    const char *otp;         /* NULL: the message carries none */
    const char *transaction; /* NULL: it belongs to none */
    const char *sent_at;
};

#define OUTBOX_JSON_MAX 4096

/*
 * Appends one JSON object (RFC 8259) and a line feed. Written here and not by a JSON library, whose
 * memory is not locked: ${target} must be secret memory. ERR_MALFORMED: a value is not UTF-8;
 * ERR_FULL.
 */
MUST_CHECK enum err outbox_json_put(struct buffer *target, const struct outbox_message *message);
