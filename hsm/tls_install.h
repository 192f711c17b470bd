#pragma once

#include "hsm/keyring_chain.h"
#include "hsm/token.h"

/* The chains that officers bring for TLS keys in the token; the writer of the keyring's alone. */

/*
 * Stores ${install}, once its leaf's key has been compared with the one in the token: durable when
 * it returns, and shown as soon as each signer has noticed. ERR_NOT_FOUND: no such key, or it is
 * over; ERR_CRYPTO: the leaf is of another key.
 */
MUST_CHECK enum err tls_install_take(struct keyring *keyring, struct token *token,
                                     const struct hsm_tls_install *install);

/*
 * What the keys that are shown, or will be, show: the active key first. Views of ${shown} are valid
 * until the next call. ERR_NOT_FOUND: there are no keys.
 */
MUST_CHECK enum err tls_install_show(struct keyring *keyring, struct hsm_tls_shown *shown);
