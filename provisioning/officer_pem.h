#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* Reading PEM files (RFC 7468), on the officer's side: what goes to provd is DER. */

/*
 * The certificates in ${text}, in their order: views of ${memory}, each of at most ${each} bytes.
 * What stands between them is passed over. ERR_NOT_FOUND: there is none; ERR_MALFORMED: one that is
 * no base64 or does not end; ERR_FULL: more than ${most}; ERR_TOO_LARGE: one of more bytes.
 */
struct officer_pem_limits {
    size_t most, each;
};
MUST_CHECK enum err officer_pem_read(struct bytes text, const struct officer_pem_limits *limits,
                                     struct buffer *memory, struct bytes *certificates,
                                     size_t *count);
