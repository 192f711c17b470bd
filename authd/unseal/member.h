#pragma once

#include <stddef.h>

#include "firmware/base/bytes.h"
#include "authd/unseal/json.h"
#include "authd/wire/unseal_wire.h"

/* JSON members as the typed fields of unseal_wire.h. None of these can fail: whatever is wrong with
 * a member is said in its field. */

/* A text that takes at most ${size} bytes with its final zero. */
void member_text(const struct json *json, const struct json_node *value, size_t size,
                 struct text_field *field);

/* Base64 of at least ${min} bytes; its bytes stay in ${workspace}. */
void member_base64(const struct json *json, const struct json_node *value, size_t min,
                   struct buffer *workspace, struct blob_field *field);

/* A SHA-256 thumbprint: hex is tried first, then base64 (§1.5). */
void member_thumbprint(const struct json *json, const struct json_node *value,
                       struct buffer *workspace, struct blob_field *field);

/* null, "", [] and {} are the forms in which a factor is not there (§1.6). */
bool member_is_empty(const struct json *json, const struct json_node *value);
