#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "hsm/keyring.h"
#include "hsm/token.h"

/*
 * Makes the first keys of all purposes, in the order of enum hsm_purpose, one step a call, so that
 * the signer's loop goes on between two of them. What the next step is follows from the keyring
 * alone: the first purpose without a committed row gets an intent, or, when it has one, its key,
 * afresh. So it can be stopped anywhere, by kill -9 too, and called again: it completes and makes
 * nothing twice. The root signs the certificates of the others; the pepper is 32 random bytes,
 * wrapped by the KEK. Each key is tried before it is committed.
 */
enum generate_outcome {
    GENERATE_COMPLETE, /* nothing is left to do */
    GENERATE_INTENDED, /* an intent was written */
    GENERATE_MADE,     /* a key was made and committed */
};

/* What the keys of this box depend on besides. */
struct generate_plan {
    uint32_t purposes;     /* that the module is able to do (hsm/ability.h) */
    const char *tls_names; /* in the certificate of the TLS key (hsm/tls_names.h); may be NULL */
    bool tls_rsa;          /* the TLS key is RSA-2048 instead of P-256 */
};

/*
 * Does the next step; ${now_ms} of the wall clock. ERR_DENIED: ${plan} lacks a purpose that no box
 * can do without, or the token does not keep keys as it was told (in the log). ERR_HSM; ERR_CONFIG:
 * bad TLS names; ERR_CRYPTO: a new key failed its trial; ERR_SYSTEM, also when memory for a key
 * outside the token is not locked.
 */
MUST_CHECK enum err generate_step(struct keyring *keyring, struct token *token,
                                  const struct generate_plan *plan, int64_t now_ms,
                                  enum generate_outcome *outcome);

/*
 * What must hold before each intent, and is cheap enough to make sure of: the module can do
 * ${purposes}, the token is the one the keyring is bound to, and has no nameless leftovers. Errors
 * as above.
 */
MUST_CHECK enum err generate_prepare(struct keyring *keyring, struct token *token,
                                     uint32_t purposes);
/*
 * Makes and tries the key of the intent ${row}, in place of whatever an earlier attempt has left
 * under its id, and fills the row; committing it is the caller's. Errors as above; ERR_NOT_FOUND:
 * the token does not show what it has just made, so that this process must not try again.
 */
MUST_CHECK enum err generate_make(struct keyring *keyring, struct token *token,
                                  const struct generate_plan *plan, int64_t now_ms,
                                  struct keyring_row *row);
