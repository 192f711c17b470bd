#pragma once

#include "firmware/base/bytes.h"
#include "authd/unseal/json.h"
#include "authd/wire/unseal_wire.h"

/* The member `demographics` of a decrypted request, for payload_read: see there. */
void demographics_read(const struct json *json, const struct json_node *value,
                       struct buffer *workspace, struct payload *answer);
