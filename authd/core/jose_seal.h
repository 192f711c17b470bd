#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/core/p256.h"
#include "authd/store/jose_client.h"

/*
 * Encrypts a JWT to a programme's registered encryption key (RFC 7516 compact, ECDH-ES and A256GCM,
 * `cty` JWT), with an ephemeral key of its own. ERR_CRYPTO; ERR_FULL: ${sealed} is too small,
 * jose_seal_chars tells how large it must be.
 */
size_t jose_seal_chars(size_t jwt_len);
MUST_CHECK enum err jose_seal(struct p256_cache *keys, const struct jose_client_key *recipient,
                              struct bytes jwt, struct buffer *sealed);
