#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/codec.h"
#include "firmware/base/err.h"
#include "authd/unseal/json.h"

/*
 * Decoding into a workspace: a buffer whose written part holds what has been decoded of one
 * message, so that views of it stay good until the answer is written. Everything decoded of a
 * request, unescaped text included, fits into DECODE_WORKSPACE_BYTES.
 */
#define DECODE_WORKSPACE_BYTES (768u * 1024u)

/*
 * Appends what ${text} is the base64 of. Accepts what codec_base64_decode accepts and nothing else,
 * at a fifth of its time, which depends on the content: for what comes from outside as it is, not
 * for secrets. ERR_MALFORMED, ERR_FULL (the workspace has no room for text and bytes); ${decoded}
 * is then empty.
 */
MUST_CHECK enum err decode_base64(struct bytes text, enum codec_base64_flags flags,
                                  struct buffer *workspace, struct bytes *decoded);

/* What ${text} is the base64url of, in its one form (RFC 7515 §2): no padding, no line breaks, no
 * bits left over. The errors of decode_base64. */
MUST_CHECK enum err decode_base64url(struct bytes text, struct buffer *workspace,
                                     struct bytes *decoded);

/* The characters of a string: in place when nothing in it is escaped, else appended. ERR_FULL. */
MUST_CHECK enum err decode_string(const struct json *json, const struct json_node *string,
                                  struct buffer *workspace, struct bytes *characters);
