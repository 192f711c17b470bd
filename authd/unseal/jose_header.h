#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/jose_wire.h"

/*
 * Protected headers (docs/protocol.md §3, 4), as the base64url they arrive in. One algorithm each;
 * any `crit`, `b64` or `zip` is refused, as nothing of theirs is done here. Other parameters are
 * passed over (RFC 7515 §4, 7516 §4): no key is ever taken from a header.
 * ERR_MALFORMED; ERR_FULL (the workspace).
 */

/* alg ES256, typ idcs-request+jws. */
MUST_CHECK enum err jose_header_jws(struct bytes encoded, struct buffer *workspace,
                                    uint8_t kid[static JOSE_KID_BYTES]);

/* alg ECDH-ES, enc A256GCM. Fills the header's part of ${block}; its apu and apv are views of
 * ${workspace}. epk is two coordinates of full length (RFC 7518 §6.2.1.2); whoever derives with
 * them finds out whether they are a point. */
MUST_CHECK enum err jose_header_jwe(struct bytes encoded, struct buffer *workspace,
                                    struct jose_block *block);
