#pragma once

#include "firmware/base/err.h"
#include "hsm/jwk.h"
#include "hsm/keyring.h"
#include "hsm/wire.h"

/*
 * What the box shows to everyone, made once from the keyring: a JWKS (RFC 7517) of the keys that
 * sign (RS256 responses, ES256 checkpoints and results) and of those that requests of the JOSE
 * profile are encrypted to, and certificates as PEM (RFC 7468). The JWKS has the keys that are
 * active (first), retiring, or standby; the certificates are those of the active keys, and empty
 * where there is none: after a key was revoked at once, its successor may have to wait.
 */
#define PUBLISH_BYTES_MAX 65536
struct publish {
    struct hsm_publication parts; /* views of ${memory}; the receipt is not filled */
    uint8_t memory[PUBLISH_BYTES_MAX];
};

/* The kid of a key that is shown: MOSIP's for IDA/SIGN, else the RFC 7638 thumbprint.
 * ERR_NOT_FOUND: its purpose has none. ERR_CRYPTO. */
MUST_CHECK enum err publish_kid(const struct keyring_row *row, char kid[static JWK_KID_SIZE]);

/* ERR_NOT_FOUND: there is no key to show. ERR_CRYPTO, ERR_FULL, ERR_CORRUPT. */
MUST_CHECK enum err publish_make(struct publish *publish, struct keyring *keyring);
