#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * What stands in a programme's signed bytes, for comparing it with what unseal says stands there.
 * This is no reader of JSON: unseal has recognised the whole, here nothing is taken from the bytes
 * but yes or no. It looks at the members of the object itself, not of one within it, and reads
 * within the bounds whatever the bytes are.
 */
#define CLAIMS_MAX 128

struct claims {
    size_t count;
    struct {
        struct bytes name, value; /* as they stand: the name without its quotes, the value whole */
    } members[CLAIMS_MAX];
};

/* ERR_MALFORMED: no object in its grammar as far as it was looked at; ERR_TOO_LARGE: more members
 * than CLAIMS_MAX. */
MUST_CHECK enum err claims_read(struct bytes json, struct claims *claims);

/* The value as it stands; empty: there is no such member. */
struct bytes claims_value(const struct claims *claims, const char *name);
/* What is between the quotes of a string without escapes, such as base64url; else empty. */
struct bytes claims_plain(const struct claims *claims, const char *name);

/* Whether the member is this text (escapes are undone), this integer in its shortest form, true. */
bool claims_say_text(const struct claims *claims, const char *name, const char *text);
bool claims_say_integer(const struct claims *claims, const char *name, int64_t number);
bool claims_say_true(const struct claims *claims, const char *name);
/* Whether the member is the base64url of these bytes. */
bool claims_say_base64url(const struct claims *claims, const char *name, struct bytes bytes);
/* Whether the member is a list of texts and ${text} one of them. *count: how many it has. */
bool claims_list(const struct claims *claims, const char *name, const char *text, size_t *count);
