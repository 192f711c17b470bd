#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"
#include "hsm/token_raw.h"
#include "hsm/token.h"
#include "hsm/wire.h"

/*
 * What is known of the keys: an LMDB environment with a row for each purpose and generation. The
 * designated signer (index 0) writes, the others read. It holds no secret in clear: keys stay in
 * the token, the pepper is wrapped by the KEK.
 *
 * Making a key is: intent row (with the CKA_ID it will have) → token → commit row. After a crash in
 * between, the intent row says which objects of the token are leftovers. Generation numbers are
 * counted apart and never used again.
 */
struct keyring;

#define KEYRING_CERTIFICATE_MAX 2048

struct keyring_row {
    enum hsm_purpose purpose;
    uint16_t generation; /* from 1 */
    bool committed;      /* false: an intent; only purpose, generation, id and generated_ms count */
    uint8_t id[TOKEN_RAW_ID_BYTES]; /* CKA_ID; of the pepper too, where it names nothing */
    int64_t generated_ms;           /* wall clock */
    int64_t published_ms;
    int64_t active_ms;
    size_t certificate_len; /* 0: none (pepper) */
    uint8_t certificate[KEYRING_CERTIFICATE_MAX];
    bool has_wrapped; /* the pepper */
    uint8_t wrapped[HSM_WRAPPED_BYTES];
};

/*
 * ${directory} exists. ERR_NOT_FOUND: a reader came before the writer had made it. ERR_SYSTEM,
 * ERR_CORRUPT.
 */
MUST_CHECK enum err keyring_open(struct keyring **keyring, const char *directory, bool writer);
void keyring_close(struct keyring *keyring);

/*
 * Writes the intent to make the next generation of ${purpose}, with a fresh id, into ${row}.
 * ERR_EXISTS: there is such an intent already. ERR_FULL: no generation number is left.
 */
MUST_CHECK enum err keyring_intend(struct keyring *keyring, enum hsm_purpose purpose,
                                   int64_t now_ms, struct keyring_row *row);
/* Turns the intent of this purpose, generation and id into ${row}. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err keyring_commit(struct keyring *keyring, const struct keyring_row *row);

/* Calls ${each} for the rows of ${purpose}, newest generation first. ERR_CORRUPT. */
MUST_CHECK enum err keyring_each(struct keyring *keyring, enum hsm_purpose purpose,
                                 enum err (*each)(void *context, const struct keyring_row *row),
                                 void *context);
/* The newest row of ${purpose} that is an intent, or that is committed. ERR_NOT_FOUND. */
MUST_CHECK enum err keyring_newest(struct keyring *keyring, enum hsm_purpose purpose,
                                   bool committed, struct keyring_row *row);

/* How far the keys have come, by their committed rows. */
struct keyring_status {
    uint64_t sequence; /* counts the commits */
    bool provisioned;  /* each purpose that a box cannot do without has one */
    bool complete;     /* each purpose has one: nothing is left to generate */
};
MUST_CHECK enum err keyring_status(struct keyring *keyring, struct keyring_status *status);

/*
 * The high-water mark of the signed checkpoints: of each number the largest one yet, 0 before the
 * first. It is no news of keys: the sequence above does not count it.
 */
MUST_CHECK enum err keyring_mark(struct keyring *keyring, struct hsm_mark *mark);
/*
 * Durable when it returns; the writer's alone. ERR_DENIED: one of the numbers is smaller than in
 * the mark there is, which stays.
 */
MUST_CHECK enum err keyring_raise_mark(struct keyring *keyring, const struct hsm_mark *mark);

/*
 * The serial number of the token whose keys these are: another token with the same label is not
 * taken for it. "" while none was bound.
 */
MUST_CHECK enum err keyring_serial(struct keyring *keyring, char serial[static TOKEN_SERIAL_SIZE]);
/* ERR_DENIED: bound to another one already. */
MUST_CHECK enum err keyring_bind(struct keyring *keyring, const char *serial);
