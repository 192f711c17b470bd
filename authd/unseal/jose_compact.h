#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/jose_wire.h"

/*
 * The compact serialisations (RFC 7515 §7.1, 7516 §7.1): as many parts as there must be, each
 * base64url, with headers as jose_header.h admits them. Nothing is verified or decrypted here.
 * ERR_MALFORMED; ERR_FULL (the workspace). Views point into ${text} and ${workspace}.
 */
struct jose_jws {
    uint8_t kid[JOSE_KID_BYTES];
    uint32_t signed_len; /* the characters before the last "." */
    uint8_t signature[JOSE_SIGNATURE_BYTES];
    struct bytes payload; /* decoded */
};

MUST_CHECK enum err jose_compact_jws(struct bytes text, struct buffer *workspace,
                                     struct jose_jws *jws);
/* Direct agreement: the part for an encrypted key is empty (RFC 7518 §4.6). */
MUST_CHECK enum err jose_compact_jwe(struct bytes text, struct buffer *workspace,
                                     struct jose_block *block);
