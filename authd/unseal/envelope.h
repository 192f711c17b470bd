#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/unseal_wire.h"

/* Objects, arrays, values and names that a request body may have in all. */
#define ENVELOPE_NODES_MAX 256

/*
 * Reads one request: path, headers and body (§1.2, 1.4, 1.5, 1.8). It cannot fail: what is wrong
 * with the request is said in ${envelope}.
 *   - A path that is not one of the functions, goes on behind the third segment or is badly
 *     percent-encoded has FUNCTION_NONE. An empty segment counts as missing. A segment too long
 *     for its field, or not UTF-8, or with control characters in it is "": no name is that.
 *   - Members that are not known are passed over, but one JSON rule broken anywhere refuses all.
 *   - Of the list of channels, an element that is no string or empty makes it FIELD_WRONG_TYPE;
 *     too many elements, or a too long one, FIELD_TOO_LONG.
 * Views point into ${workspace}, which must have DECODE_WORKSPACE_BYTES.
 */
void envelope_read(const struct edge_request *request, struct buffer *workspace,
                   struct envelope *envelope);
