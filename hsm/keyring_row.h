#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "hsm/keystate.h"
#include "hsm/token_raw.h"
#include "hsm/wire.h"

/* One row of the keyring: a key, or the intent to make it. Its reader and its writer. */
#define KEYRING_CERTIFICATE_MAX 2048
#define KEYRING_SEALED_MAX      2048

/* Where the key itself is. */
enum keyring_custody {
    KEYRING_CUSTODY_TOKEN,   /* in the token (the pepper: in its row) */
    KEYRING_CUSTODY_WRAPPED, /* in its row, sealed by a secret that the KEK wraps */
};

struct keyring_row {
    enum hsm_purpose purpose;
    uint16_t generation; /* from 1 */
    bool committed; /* false: an intent, of which only the members up to here and these count */
    uint8_t id[TOKEN_RAW_ID_BYTES]; /* CKA_ID; of the pepper too, where it names nothing */
    int64_t intended_ms;            /* wall clock */
    struct keystate_key life;       /* its dates; ${generation} once more */
    size_t certificate_len;         /* 0: none (pepper) */
    uint8_t certificate[KEYRING_CERTIFICATE_MAX];
    bool has_wrapped; /* the pepper, or the secret that seals a key */
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    uint16_t
        wrapped_by;    /* the generation of the KEK that opens ${wrapped}; 0: nothing is wrapped */
    size_t sealed_len; /* 0: it is in the token's custody */
    uint8_t sealed[KEYRING_SEALED_MAX];
};

#define KEYRING_ROW_KEY_BYTES 3
#define KEYRING_ROW_BYTES_MAX                                                                      \
    (KEYRING_CERTIFICATE_MAX + KEYRING_SEALED_MAX + HSM_WRAPPED_BYTES + 256)

struct bytes keyring_row_certificate(const struct keyring_row *row); /* DER; a view of the row */
enum keyring_custody keyring_row_custody(const struct keyring_row *row);
/* Forgets what is wrapped and sealed in it: the key is destroyed. */
void keyring_row_clear(struct keyring_row *row);
/* The state that the dates of a committed row give; that of an intent is KEYSTATE_COUNT. */
enum keystate keyring_row_state(const struct keyring_row *row);

/* The key of a row in its table: purpose ‖ inverted generation, so that the newest comes first. A
 * view of ${key}. */
struct bytes keyring_row_key(enum hsm_purpose purpose, uint16_t generation,
                             uint8_t key[static KEYRING_ROW_KEY_BYTES]);
/*
 * Appends the row's value. ERR_DENIED: the dates of a committed row are no path through the states
 * of a key, or it does not say which KEK has wrapped what it has.
 */
MUST_CHECK enum err keyring_row_encode(const struct keyring_row *row, struct buffer *target);
/*
 * Older rows are read too. One of before keys had a life is an active key, and was shown since its
 * beginning; what is wrapped in one of before the KEK had successors, its first has wrapped.
 * ERR_CORRUPT.
 */
MUST_CHECK enum err keyring_row_decode(struct bytes key, struct bytes value,
                                       struct keyring_row *row);
