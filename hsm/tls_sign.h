#pragma once

#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/keyring_chain.h"
#include "hsm/wire_tls.h"

/*
 * The TLS keys of the token: one that new handshakes use, and older ones until the last handshake
 * that began with them is over. Each signs hashes by the schemes of its kind of key. Nothing else
 * in this process uses it but requests for its certificate (hsm/tls_request.h).
 */
struct tls_ring;

#define TLS_RING_KEYS 8

/* ERR_SYSTEM. */
MUST_CHECK enum err tls_ring_new(struct tls_ring **ring);
void tls_ring_free(struct tls_ring *ring); /* NULL is allowed */

/*
 * Adds ${key}, of which it keeps a reference, with its DER certificate; the first one added is that
 * of new handshakes. ERR_CRYPTO: neither P-256 nor RSA-2048. ERR_FULL.
 */
MUST_CHECK enum err tls_ring_add(struct tls_ring *ring, EVP_PKEY *key, struct bytes certificate);

/*
 * The first key shows ${chain}, which officers brought, instead of its own certificate. ERR_CRYPTO:
 * the leaf is of another key; ERR_NOT_FOUND: there is no key.
 */
MUST_CHECK enum err tls_ring_bring(struct tls_ring *ring, const struct keyring_chain *chain);
/* When what is shown runs out, in ms since 1970; 0: there is no key. */
int64_t tls_ring_not_after(const struct tls_ring *ring);

/* What is shown in new handshakes, as views of the ring; the receipt is left alone. ERR_NOT_FOUND:
 * there is no key. */
MUST_CHECK enum err tls_ring_chain(const struct tls_ring *ring, struct hsm_tls_chain *chain);

/*
 * Appends a signature to ${signature} and counts the use. ERR_NOT_FOUND: no such key. ERR_DENIED:
 * its kind of key has no such scheme. ERR_HSM.
 */
MUST_CHECK enum err tls_ring_sign(struct tls_ring *ring, const struct hsm_tls_sign *question,
                                  struct buffer *signature, uint64_t *uses);
