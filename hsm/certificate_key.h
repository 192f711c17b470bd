#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * The SubjectPublicKeyInfo in the certificate ${der} (RFC 5280 §4.1), whole, as it is encoded: a
 * view into it. Nothing else of the certificate is read, so that a foreign one can be told apart by
 * its key in a process that holds the token. ERR_CRYPTO: it is not framed as a certificate up to
 * there, or does not end where it says.
 */
MUST_CHECK enum err certificate_key_of(struct bytes der, struct bytes *public_key);
