#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/*
 * AES-256-GCM by OpenSSL, to open only: with one fetched algorithm and one context, as every
 * request needs it. One thread.
 */
#define GCM_KEY_BYTES 32
#define GCM_TAG_BYTES 16

struct gcm_sealed {
    struct bytes iv;         /* as long as gcm_set_key was told */
    struct bytes additional; /* authenticated data outside; may be empty */
    struct bytes ciphertext; /* may be empty */
    const uint8_t *tag;      /* GCM_TAG_BYTES */
};

/* Fetches the algorithm: before confinement. Twice is allowed. ERR_CRYPTO. */
MUST_CHECK enum err gcm_open(void);
void gcm_close(void);

/* For the messages until gcm_forget_key, whose IVs have ${iv_bytes}. ERR_CRYPTO. */
MUST_CHECK enum err gcm_set_key(const uint8_t key[static GCM_KEY_BYTES], size_t iv_bytes);
/* Wipes the key schedule. */
void gcm_forget_key(void);

/*
 * *opened says whether the tag verified; ${plaintext}, which must hold nothing before, is a new
 * secret then and else empty. The error is secret_new's: ERR_FULL.
 */
MUST_CHECK enum err gcm_decrypt(const struct gcm_sealed *sealed, struct secret *plaintext,
                                bool *opened);
