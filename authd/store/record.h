#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/*
 * Sealing of rows: format(1) ‖ generation(2) ‖ version(8) ‖ nonce(24) ‖ ciphertext ‖ tag(16),
 * XChaCha20-Poly1305 under crypto_kdf(root of the generation, shard of the row's key, table), with
 * table, key, generation and version as associated data. A flipped bit, or a row moved to another
 * key or table, is ERR_CORRUPT.
 */
#define RECORD_OVERHEAD    (1 + 2 + 8 + 24 + 16)
#define RECORD_GENERATIONS 16

/* The roots that are open in this process, by generation. */
#define RECORD_ROOT_BYTES 32
struct record_keys;
MUST_CHECK enum err record_keys_new(struct record_keys **keys);
void record_keys_free(struct record_keys *keys);
/*
 * Opens a generation (from 1 up) while others read. ERR_MALFORMED: not RECORD_ROOT_BYTES long, or
 * generation 0; ERR_EXISTS: open already, with this root or another; ERR_FULL.
 */
MUST_CHECK enum err record_keys_add(struct record_keys *keys, uint16_t generation,
                                    struct bytes root);
/* ERR_OK: this generation is open; ERR_NOT_FOUND. */
MUST_CHECK enum err record_keys_find(const struct record_keys *keys, uint16_t generation);
/* The newest generation, which seals. ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err record_keys_newest(const struct record_keys *keys, uint16_t *generation);
/*
 * A key of 32 bytes for another use, such as "otp-mac", "ledger", derived from generation
 * ${generation}. ERR_NOT_FOUND: that generation is not open.
 */
MUST_CHECK enum err record_keys_derive(const struct record_keys *keys, uint16_t generation,
                                       const char *use, struct secret *key);

/* Appends to ${sealed}. ${version} is the writer's, and comes back from record_open. */
MUST_CHECK enum err record_seal(const struct record_keys *keys, unsigned table, struct bytes key,
                                uint64_t version, struct bytes plain, struct buffer *sealed);
/*
 * Opens into ${plain} (secret memory made here). ERR_CORRUPT, ERR_NOT_FOUND (a generation that is
 * not open). Thread-safe.
 */
MUST_CHECK enum err record_open(const struct record_keys *keys, unsigned table, struct bytes key,
                                struct bytes sealed, struct secret *plain, uint64_t *version);
/* The generation that sealed says it was sealed under; 0 when it is too short to say. */
uint16_t record_generation(struct bytes sealed);
