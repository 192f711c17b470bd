#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/jose_wire.h"

/* Objects, arrays, values and names that the claims may have in all. */
#define JOSE_REQUEST_NODES_MAX 256

/*
 * JOSE_REQUEST: path, media type and body (docs/protocol.md §3). It cannot fail: what is wrong with
 * the request is said in ${request}.
 *   - The path is one of the three, character for character, or there is no function; then the body
 *     is not looked at.
 *   - A claim that is not the call's own is not looked at, but one JSON rule broken anywhere
 *     refuses all.
 * Views point into the body and ${workspace}, which must have DECODE_WORKSPACE_BYTES.
 */
void jose_request_read(const struct edge_request *question, struct buffer *workspace,
                       struct jose_request *request);
