#pragma once

#include "firmware/base/err.h"
#include "authd/core/request.h"

/*
 * Whether the body itself says what unseal said it says: each claim as the member of the claims
 * that it is, and the sealed block as the bytes of `sealed`, with the key and the names of parties
 * that its header has. Copies the block into the request, whose views point there then. ${scratch}
 * has room for the body decoded. ERR_DENIED: it says something else; ERR_FULL.
 */
MUST_CHECK enum err jose_claims_take(struct request *request, uint8_t *scratch, size_t size);
