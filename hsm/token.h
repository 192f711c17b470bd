#pragma once

#include <openssl/evp.h>

#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "hsm/token_raw.h"
#include "hsm/token_turn.h"

/*
 * The token: one module, one slot, one login, for the life of the process. Its private keys come as
 * EVP_PKEY by libp11. Everything here is called from the one thread, and before confinement, but
 * for what makes keys.
 *
 * The login is token_raw's: libp11 would copy the PIN into ordinary memory and keep it. As a login
 * counts for all sessions of a process, libp11's sessions have it too.
 */
struct token;

#define TOKEN_SERIAL_SIZE 17 /* PKCS#11: 16 characters */

struct token_options {
    const char *module; /* path of the PKCS#11 library */
    const char *label;  /* of the token */
    const char *serial; /* NULL or "": not known yet; then the label must be unique */
    bool joint_uses;    /* as token_raw_open */
};

/*
 * Loads, finds the slot, logs in. ERR_NOT_FOUND (no such token: the log says which are there),
 * ERR_DENIED (two tokens with this label), ERR_PIN, ERR_HSM.
 */
MUST_CHECK enum err token_open(struct token **token, const struct token_options *options,
                               const struct secret *pin);
void token_close(struct token *token); /* NULL is allowed */

/* The serial number, and the session of hsm/token_raw.h: both the token's, for its life. */
const char *token_serial(const struct token *token);
struct token_raw *token_session(struct token *token);
/* Its turns: not open, and so always given, until the caller opens them. */
struct token_turn *token_turns(struct token *token);

/*
 * The private key with this CKA_ID; the caller frees it. Keys made since the last call are seen.
 * ERR_NOT_FOUND; ERR_HSM, also for a key that this process has seen and destroyed.
 */
MUST_CHECK enum err token_key(struct token *token, const uint8_t id[static TOKEN_RAW_ID_BYTES],
                              EVP_PKEY **key);
