#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "hsm/keyring_row.h"
#include "hsm/token.h"
#include "hsm/wire.h"

/*
 * What is known of the keys: an LMDB environment with a row for each purpose and generation. The
 * designated signer (index 0) writes, the others read. It holds no secret in clear: keys stay in
 * the token; the pepper, and keys outside the token (hsm/custody.h), are wrapped by the KEK.
 *
 * Making a key is: intent row (with the CKA_ID it will have) → token → commit row. After a crash in
 * between, the intent row says which objects of the token are leftovers. Generation numbers are
 * counted apart and never used again. What becomes of a key afterwards: hsm/keyring_life.h.
 *
 * In this and the other keyring_*.h each change is one transaction: durable when it gives ERR_OK,
 * and otherwise nothing has changed. Besides the errors that are named with a function there are
 * ERR_CORRUPT (what is stored is none of ours, or damaged), and ERR_SYSTEM and ERR_FULL (it cannot
 * be read or stored now).
 */
struct keyring;

/*
 * Opens the keyring in ${directory}, which exists. ERR_NOT_FOUND: a reader came before the writer
 * had made it.
 */
MUST_CHECK enum err keyring_open(struct keyring **keyring, const char *directory, bool writer);
void keyring_close(struct keyring *keyring); /* NULL is allowed */

/*
 * Writes the intent to make the next generation of ${purpose}, with a fresh id, into ${row}.
 * ${now_ms} is of the wall clock. ERR_EXISTS: there is such an intent already. ERR_FULL: no
 * generation number is left.
 */
MUST_CHECK enum err keyring_intend(struct keyring *keyring, enum hsm_purpose purpose,
                                   int64_t now_ms, struct keyring_row *row);
/*
 * Turns the intent of this purpose, generation and id into ${row}. ERR_NOT_FOUND: there is none;
 * ERR_DENIED: the row is no key, or its dates are no path.
 */
MUST_CHECK enum err keyring_commit(struct keyring *keyring, const struct keyring_row *row);

/* Calls ${each} for the rows of ${purpose}, newest generation first, until it gives an error, which
 * is then that of the call. */
MUST_CHECK enum err keyring_each(struct keyring *keyring, enum hsm_purpose purpose,
                                 enum err (*each)(void *context, const struct keyring_row *row),
                                 void *context);
/*
 * Calls ${each} for the rows of ${purpose} in states that may do what ${use} says (bits of enum
 * keystate_use): the active key first, then those that are retiring, then the standby. All are of
 * one moment. Errors as above.
 */
MUST_CHECK enum err
keyring_each_in_use(struct keyring *keyring, enum hsm_purpose purpose, unsigned use,
                    enum err (*each)(void *context, const struct keyring_row *row), void *context);
/* The active key of ${purpose}. ERR_NOT_FOUND; ERR_CORRUPT, too, when there are two. */
MUST_CHECK enum err keyring_active(struct keyring *keyring, enum hsm_purpose purpose,
                                   struct keyring_row *row);
/* The newest row of ${purpose} that is an intent, or that is committed. ERR_NOT_FOUND. */
MUST_CHECK enum err keyring_newest(struct keyring *keyring, enum hsm_purpose purpose,
                                   bool committed, struct keyring_row *row);

/* The row of ${purpose} and ${generation}. ERR_NOT_FOUND. */
MUST_CHECK enum err keyring_find(struct keyring *keyring, enum hsm_purpose purpose,
                                 uint16_t generation, struct keyring_row *row);

/* How far the keys have come. */
struct keyring_status {
    uint64_t sequence; /* counts the changes of keys; an intent is none */
    bool provisioned;  /* each of HSM_PURPOSES_SERVING has an active key */
    bool complete;     /* each purpose has had one: no first key is left to make */
};
MUST_CHECK enum err keyring_status(struct keyring *keyring, struct keyring_status *status);

/*
 * The high-water mark of the signed checkpoints: of each number the largest one yet, 0 before the
 * first. It is no news of keys: the sequence above does not count it.
 */
MUST_CHECK enum err keyring_mark(struct keyring *keyring, struct hsm_mark *mark);
/* The writer's alone. ERR_DENIED: one of the numbers is smaller than in the mark there is. */
MUST_CHECK enum err keyring_raise_mark(struct keyring *keyring, const struct hsm_mark *mark);

/*
 * The serial number of the token whose keys these are: another token with the same label is not
 * taken for it. "" while none was bound.
 */
MUST_CHECK enum err keyring_serial(struct keyring *keyring, char serial[static TOKEN_SERIAL_SIZE]);
/* Binds the keyring to a token; the writer's alone. ERR_DENIED: to another one already. */
MUST_CHECK enum err keyring_bind(struct keyring *keyring, const char *serial);
