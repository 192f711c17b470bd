#pragma once

#include "firmware/base/bytes.h"
#include "authd/unseal/json.h"
#include "authd/wire/biometric_wire_segment.h"

/* Objects, arrays, values and names that a segment's data, or a digital id, may have in all. */
#define BIOMETRICS_NODES_MAX 64

/*
 * The member `biometrics` of a decrypted request (§3.1, 3.2), as an outside caller sends it: data
 * and digitalId signed. It cannot fail: what is wrong with a member is said in its field, and what
 * is inside a JWS is not read unless its frame is right; whether it verifies nobody knows yet.
 * Members that are not known are passed over, but one JSON rule broken anywhere refuses what it is
 * in.
 *
 * Views point into ${json}'s text and ${workspace}, which must have DECODE_WORKSPACE_BYTES.
 */
void biometrics_read(const struct json *json, const struct json_node *value,
                     struct buffer *workspace, struct biometric_segments *segments);
