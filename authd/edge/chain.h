#pragma once

#include <gnutls/abstract.h>

#include "hsm/wire_tls.h"

/*
 * The certificates that edge shows, with the key in the token that proves the first: as GnuTLS
 * wants them. Handshakes that began with one may outlast it, so it is held and released.
 */
struct chain;

struct chain_signer {
    /* As signers_sign. */
    enum err (*sign)(void *context, const struct hsm_tls_sign *question, struct buffer *signature);
    void *context;
};

/*
 * Held once by the caller. ERR_CRYPTO: a certificate that GnuTLS can't read, or whose key is
 * neither P-256 nor RSA of 2048 bits. ERR_SYSTEM.
 */
MUST_CHECK enum err chain_make(const struct hsm_tls_chain *told, const struct chain_signer *signer,
                               struct chain **chain);
struct chain *chain_hold(struct chain *chain);
void chain_release(struct chain *chain); /* NULL is allowed */

uint64_t chain_sequence(const struct chain *chain);
/* For GnuTLS; they stay the chain's. */
void chain_show(struct chain *chain, gnutls_pcert_st **certificates, unsigned *count,
                gnutls_privkey_t *key);
