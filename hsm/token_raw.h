#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/*
 * PKCS#11 itself, for what libp11 lacks: the one login, making keys from an explicit template,
 * reading attributes, destroying. On the module that libp11 has loaded; one session, opened once
 * and kept, which also keeps the login. Every PKCS#11 error is logged by number and gives ERR_HSM.
 */
struct token_raw;

#define TOKEN_RAW_ID_BYTES 16 /* CKA_ID of our keys */

enum token_raw_kind {
    TOKEN_RAW_RSA_SIGN,    /* RSA-2048, CKA_SIGN alone */
    TOKEN_RAW_RSA_DECRYPT, /* RSA-2048, CKA_DECRYPT alone */
    TOKEN_RAW_P256_SIGN,   /* P-256, CKA_SIGN alone */
    TOKEN_RAW_P256_DERIVE, /* P-256, CKA_DERIVE alone */
};

/*
 * Opens the session on the token in the slot. ${module} must be loaded and initialised already.
 * ${joint_uses}: an officer accepts that this module's RSA keys both sign and decrypt, as those of
 * a TPM by tpm2-pkcs11 do. Then it is the signer alone that keeps a key to its purpose; else such
 * keys are refused. ERR_NOT_FOUND: the module is not loaded; ERR_HSM; ERR_SYSTEM.
 */
MUST_CHECK enum err token_raw_open(struct token_raw **raw, const char *module,
                                   unsigned long slot_id, bool joint_uses);
void token_raw_close(struct token_raw *raw);
/* For what only looks at the token (hsm/token_foreign.c). */
struct _CK_FUNCTION_LIST *token_raw_module(const struct token_raw *raw, unsigned long *session);

/*
 * C_Login as the user, exactly once. ERR_PIN: the token refuses this PIN, or says that it is locked
 * or that one more failure would lock it (then it is not even tried).
 */
MUST_CHECK enum err token_raw_login(struct token_raw *raw, const struct secret *pin);

/*
 * Whether the module can make keys of ${kind} and use them. ERR_NOT_FOUND: it lacks ${missing}, a
 * mechanism without which there are no keys of this kind.
 */
MUST_CHECK enum err token_raw_probe(struct token_raw *raw, enum token_raw_kind kind,
                                    const char **missing);

/* Makes a pair: on the token, private, sensitive, not extractable, not modifiable. ${label} is
 * CKA_LABEL, for people. */
MUST_CHECK enum err token_raw_generate(struct token_raw *raw, enum token_raw_kind kind,
                                       const uint8_t id[static TOKEN_RAW_ID_BYTES],
                                       const char *label);
/*
 * Reads back what the token made of the template. ERR_NOT_FOUND: not exactly one private and one
 * public object with this id. ERR_DENIED: it is not sensitive, or was ever extractable, or was
 * not made on the token, or may be used for something else.
 */
MUST_CHECK enum err token_raw_check(struct token_raw *raw, enum token_raw_kind kind,
                                    const uint8_t id[static TOKEN_RAW_ID_BYTES]);

/* Whether there is any object with this id. */
MUST_CHECK enum err token_raw_holds(struct token_raw *raw,
                                    const uint8_t id[static TOKEN_RAW_ID_BYTES], bool *holds);
/* Destroys all objects with this id (none is fine) and makes sure that none is left. */
MUST_CHECK enum err token_raw_destroy(struct token_raw *raw,
                                      const uint8_t id[static TOKEN_RAW_ID_BYTES]);
/*
 * Destroys key objects without id and label: what SoftHSM leaves of a generation that failed. Keys
 * with an id are never touched, even when the keyring does not know them: after an older keyring
 * was put back, that would destroy keys in use.
 */
MUST_CHECK enum err token_raw_sweep(struct token_raw *raw, size_t *destroyed);
/* Counts the private keys of the token, for what the keyring does not know. */
MUST_CHECK enum err token_raw_count(struct token_raw *raw, size_t *count);
