#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/jose_wire.h"

/*
 * JOSE_SEALED: opens the JWE (RFC 7516 §5.2 from step 14; A256GCM, the protected header's
 * characters as additional data) and reads its JSON. gcm_open comes first. What is wrong with the
 * block is said in ${answer}; ERR_FULL and ERR_CRYPTO are faults of this process. Key and plaintext
 * are only ever in the secret arena and in OpenSSL's cipher context, and are wiped from both before
 * this returns; only demographic values and the text of biometrics stay, in ${workspace}.
 */
MUST_CHECK enum err jose_sealed_unseal(const struct jose_sealed_question *question,
                                       struct buffer *workspace, struct jose_sealed *answer);

/*
 * Reads the plaintext (docs/protocol.md §4) into ${answer}: all of it, or nothing and well_formed
 * is false. The factors are read as payload.h says, and those that are there must be readable. What
 * is not known is passed over. ${workspace} is as payload.h wants it.
 */
void jose_sealed_read(struct bytes plaintext, struct buffer *workspace, struct jose_sealed *answer);
