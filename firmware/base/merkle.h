#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* The Merkle tree of RFC 6962 §2.1 with SHA-256, kept as the roots of its complete subtrees. */
#define MERKLE_HASH_BYTES 32

struct merkle {
    uint64_t size;
    uint8_t peaks[64][MERKLE_HASH_BYTES]; /* one for each bit set in size, largest subtree first */
};

void merkle_leaf(struct bytes entry, uint8_t hash[static MERKLE_HASH_BYTES]);
/* ERR_FULL after 2^63 leaves. */
MUST_CHECK enum err merkle_append(struct merkle *tree,
                                  const uint8_t leaf[static MERKLE_HASH_BYTES]);
/* Of the empty tree: SHA-256 of nothing. */
void merkle_root(const struct merkle *tree, uint8_t root[static MERKLE_HASH_BYTES]);
/*
 * Verifies an inclusion proof (RFC 6962 §2.1.1): ERR_CRYPTO when it does not lead from ${leaf} to
 * ${root}.
 */
MUST_CHECK enum err merkle_verify(const uint8_t leaf[static MERKLE_HASH_BYTES], uint64_t index,
                                  uint64_t size, const uint8_t (*path)[MERKLE_HASH_BYTES],
                                  size_t path_len, const uint8_t root[static MERKLE_HASH_BYTES]);
