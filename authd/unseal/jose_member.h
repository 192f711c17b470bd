#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/unseal/json.h"

/*
 * The types that docs/protocol.md gives its members, for members that must be there: ${value} is
 * what json_member found, NULL when nothing. ERR_MALFORMED for all that is not exactly the type.
 */

/* Text of 1 to ${size} - 1 bytes without control characters. On error "". */
MUST_CHECK enum err jose_member_text(const struct json *json, const struct json_node *value,
                                     char *text, size_t size);

/* Seconds since 1970, as digits alone, not after the year 9999; given in milliseconds. */
MUST_CHECK enum err jose_member_seconds(const struct json *json, const struct json_node *value,
                                        int64_t *wall_ms);

/* base64url of exactly ${len} bytes, at most 64. */
MUST_CHECK enum err jose_member_octets(const struct json *json, const struct json_node *value,
                                       uint8_t *octets, size_t len);

/* base64url of any length; the bytes are in ${workspace}. Or its error: ERR_FULL. */
MUST_CHECK enum err jose_member_base64url(const struct json *json, const struct json_node *value,
                                          struct buffer *workspace, struct bytes *decoded);
