#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/wire_certify.h"

/*
 * Certificates of programmes and devices (RFC 5280), issued by IDCS/CA: version 3, a random serial
 * number of 127 bits, signed with ECDSA over SHA-256. Nothing in them is anybody else's bytes: the
 * key comes as numbers, which are checked, and the names as text of a small alphabet. The subject
 * is C=MA, O, CN; the extensions are those of the kind, critical where that is due.
 */
struct certify_authority {
    EVP_PKEY *key; /* in the token */
    struct bytes certificate;
};

/*
 * Whether it may be issued, by the authority of this certificate. ERR_DENIED: names or days that no
 * certificate may have, or the authority's own ends before; ERR_CRYPTO: the key is not sound, which
 * is RSA of 2048 to 4096 bits with the exponent 65537, or a point of P-256.
 */
MUST_CHECK enum err certify_check(struct bytes authority, const struct hsm_certify *question,
                                  int64_t now_ms);

/*
 * Appends the certificate, DER, valid from an hour before ${now_ms} for its days. Errors as above;
 * ERR_HSM: the token failed to sign, or signed something else.
 */
MUST_CHECK enum err certify_issue(const struct certify_authority *authority,
                                  const struct hsm_certify *question, int64_t now_ms,
                                  struct buffer *der);
