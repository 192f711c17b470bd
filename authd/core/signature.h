#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/programme.h"

/*
 * Verifies a programme's detached JWS (§2.5) over the raw body with its registered key. Keys are
 * parsed once and kept by certificate thumbprint. One cache a thread.
 */
struct signature_cache;
MUST_CHECK enum err signature_cache_new(struct signature_cache **cache);
void signature_cache_free(struct signature_cache *cache);

/* A detached JWS and what it signs. */
struct signature_parts {
    struct bytes protected_header; /* the base64url text before ".." */
    struct bytes body;             /* as received */
    struct bytes signature;        /* decoded */
};

/* *valid is true only when the RS256 signature verifies. ERR_CRYPTO: the registered key is none of
 * RSA 2048. */
MUST_CHECK enum err signature_verify(struct signature_cache *cache, const struct partner *partner,
                                     const struct signature_parts *parts, bool *valid);
