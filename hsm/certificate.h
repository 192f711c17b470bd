#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/wire.h"

/*
 * The certificates of the box's own keys (RFC 5280), issued by IDA/ROOT, whose key is in the token.
 * Subject: C=MA, O=IDCS, CN of the purpose and generation. They are valid from one hour before the
 * key was generated, for clocks that are slow. IDCS/CA signs itself below a root of before it,
 * whose certificate allows no authority below.
 */
struct certificate_plan {
    enum hsm_purpose purpose;
    uint16_t generation;
    int64_t generated_ms; /* wall clock */
    EVP_PKEY *subject;    /* its public half is certified */
    EVP_PKEY *issuer_key; /* in the token; for ROOT the same as ${subject} */
    const char *names;    /* of the box, for TLS (hsm/tls_names.h); NULL or "": none */
    struct bytes issuer;  /* DER of the root's certificate; empty for ROOT, which signs itself */
};

/* Appends DER. ERR_HSM: the token failed to sign. ERR_CONFIG: bad names. ERR_CRYPTO, ERR_FULL. */
MUST_CHECK enum err certificate_issue(const struct certificate_plan *plan, struct buffer *der);

/* Whether ${der} certifies the public half of ${key}. ERR_CRYPTO: it does not, or is no
 * certificate. */
MUST_CHECK enum err certificate_fits(struct bytes der, EVP_PKEY *key);
