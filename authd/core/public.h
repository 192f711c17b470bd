#pragma once

#include "firmware/base/bytes.h"
#include "authd/core/core.h"
#include "authd/wire/edge_wire.h"

/* Room for the longest body that is made. */
#define PUBLIC_BODY_MAX 4096

/*
 * What anybody may GET: /health/ready, /health/state, the JWKS and the certificates, and what the
 * JOSE profile offers. ${memory}
 * holds a made body until the answer is encoded. Unknown paths are 404.
 */
void public_answer(const struct core *core, struct bytes path, struct buffer *memory,
                   struct edge_answer *answer);
