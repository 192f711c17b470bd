#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "provisioning/programme/jose_party.h"

/* JWE compact, ECDH-ES on P-256 and A256GCM (RFC 7516, RFC 7518 §4.6), both ways. */

/* Appends the JWE of ${plain} for ${recipient}. ERR_CRYPTO, ERR_FULL. */
MUST_CHECK enum err jose_sealing_seal(const struct jose_party_key *recipient, struct bytes plain,
                                      struct buffer *compact);
/* Appends the plaintext. ERR_MALFORMED, ERR_CRYPTO, ERR_FULL. */
MUST_CHECK enum err jose_sealing_open(const struct jose_party_key *recipient, struct bytes compact,
                                      struct buffer *plain);
