#pragma once

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "firmware/base/bytes.h"

/* An authority that the box knows nothing of, for requests of TLS keys. Fails the running test. */
struct tls_authority {
    EVP_PKEY *key;
    X509 *certificate;
    uint8_t memory[4][4096]; /* what was issued */
    size_t issued;
};

void tls_authority_make(struct tls_authority *authority);
void tls_authority_free(struct tls_authority *authority);
/* Its own certificate, DER, in ${memory}. */
struct bytes tls_authority_der(const struct tls_authority *authority, uint8_t memory[static 4096]);
/* A certificate for what ${request} (DER) asks for, whose signature is verified first. A view of
 * the authority's memory; the fourth next takes its place. */
struct bytes tls_authority_answer(struct tls_authority *authority, struct bytes request);
/* The same for any key, without names. */
struct bytes tls_authority_certify(struct tls_authority *authority, EVP_PKEY *key);
