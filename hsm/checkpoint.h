#pragma once

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/wire.h"

/*
 * A checkpoint of the journal as a note: one field a line, every line ended by LF, nothing else.
 *
 *   idcs checkpoint 1
 *   tree-size 18446744073709551615          decimal, no leading zero
 *   tree-root 5C83…B4                       64 hex digits, upper case
 *   time 2026-11-21T21:30:00.123Z           wall clock of the box
 *   registry-sequence 17                    commits of the environments, decimal
 *   state-sequence 42
 *   signature ES256 KID SIGNATURE           RFC 7638 thumbprint of the audit key; b64u(r ‖ s)
 *
 * The signature is over all bytes before the last line. The first line keeps it apart from
 * everything else that an ES256 key may ever sign.
 */
#define CHECKPOINT_NOTE_MAX        1024
#define CHECKPOINT_KID_SIZE        44
#define CHECKPOINT_SIGNATURE_BYTES 64

/* Appends the signed part; then, once that is signed, the last line. Errors stick to ${note}. */
void checkpoint_put_text(struct buffer *note, const struct hsm_checkpoint *checkpoint);
void checkpoint_put_signature(struct buffer *note, const char *kid,
                              const uint8_t signature[static CHECKPOINT_SIGNATURE_BYTES]);

struct checkpoint_note {
    struct hsm_checkpoint fields;
    struct bytes text;             /* the signed part, a view of the note */
    char kid[CHECKPOINT_KID_SIZE]; /* as it stands there */
    uint8_t signature[CHECKPOINT_SIGNATURE_BYTES];
};

/* Recognises a whole note; it says nothing yet about the signature. ERR_MALFORMED. */
MUST_CHECK enum err checkpoint_parse(struct bytes note, struct checkpoint_note *parsed);
/* ERR_CRYPTO: the signature is not that of the P-256 key ${key}. */
MUST_CHECK enum err checkpoint_verify(const struct checkpoint_note *parsed, EVP_PKEY *key);
