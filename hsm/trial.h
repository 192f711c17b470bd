#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "firmware/base/secret.h"
#include "hsm/wire.h"

/*
 * The trials of a new key before it is committed: what the token does with ${key} must fit what
 * OpenSSL does with the public half in ${certificate}, DER. ERR_HSM: the token failed. ERR_CRYPTO:
 * the two don't fit. ERR_SYSTEM.
 */

/* Signs in the token, verifies outside. */
MUST_CHECK enum err trial_signing(EVP_PKEY *key, struct bytes certificate);
/* Opens 32 random bytes that were sealed for it. */
MUST_CHECK enum err trial_decrypting(EVP_PKEY *key, struct bytes certificate);
/* Agrees with a key of this process, and both sides derive the same content key. */
MUST_CHECK enum err trial_deriving(EVP_PKEY *key, struct bytes certificate);

/* Opens ${wrapped}, sealed under ${label}, which must give ${expected}. */
MUST_CHECK enum err trial_opening(EVP_PKEY *key, struct bytes certificate, const char *label,
                                  const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                                  const struct secret *expected);
