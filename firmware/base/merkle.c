#include <string.h>

#include <sodium.h>

#include "firmware/base/merkle.h"

_Static_assert(MERKLE_HASH_BYTES == crypto_hash_sha256_BYTES, "the tree is of SHA-256");

/* The prefixes that keep a leaf from being taken for a node (RFC 6962 §2.1). */
static const uint8_t leaf_prefix = 0;
static const uint8_t node_prefix = 1;

void merkle_leaf(struct bytes entry, uint8_t hash[static MERKLE_HASH_BYTES]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &leaf_prefix, 1);
    crypto_hash_sha256_update(&state, entry.data, entry.len);
    crypto_hash_sha256_final(&state, hash);
}

/* ${parent} may be one of the two. */
static void merkle_node(const uint8_t left[static MERKLE_HASH_BYTES],
                        const uint8_t right[static MERKLE_HASH_BYTES],
                        uint8_t parent[static MERKLE_HASH_BYTES]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &node_prefix, 1);
    crypto_hash_sha256_update(&state, left, MERKLE_HASH_BYTES);
    crypto_hash_sha256_update(&state, right, MERKLE_HASH_BYTES);
    crypto_hash_sha256_final(&state, parent);
}

static size_t peak_count(uint64_t size) {
    return (size_t)__builtin_popcountll(size);
}

enum err merkle_append(struct merkle *tree, const uint8_t leaf[static MERKLE_HASH_BYTES]) {
    if (tree->size >= UINT64_C(1) << 63)
        return ERR_FULL;
    uint8_t root[MERKLE_HASH_BYTES];
    memcpy(root, leaf, sizeof root);
    /* Adding one carries through the low set bits of the size: each is a subtree as large as the
     * new one. */
    size_t peaks = peak_count(tree->size);
    for (uint64_t carry = tree->size; (carry & 1) != 0; carry >>= 1)
        merkle_node(tree->peaks[--peaks], root, root);
    memcpy(tree->peaks[peaks], root, sizeof root);
    tree->size++;
    return ERR_OK;
}

void merkle_root(const struct merkle *tree, uint8_t root[static MERKLE_HASH_BYTES]) {
    size_t peaks = peak_count(tree->size);
    if (peaks == 0) {
        crypto_hash_sha256(root, NULL, 0);
        return;
    }
    uint8_t sum[MERKLE_HASH_BYTES];
    memcpy(sum, tree->peaks[--peaks], sizeof sum);
    while (peaks > 0)
        merkle_node(tree->peaks[--peaks], sum, sum);
    memcpy(root, sum, sizeof sum);
}

enum err merkle_verify(const uint8_t leaf[static MERKLE_HASH_BYTES], uint64_t index, uint64_t size,
                       const uint8_t (*path)[MERKLE_HASH_BYTES], size_t path_len,
                       const uint8_t root[static MERKLE_HASH_BYTES]) {
    if (index >= size)
        return ERR_CRYPTO;
    uint8_t sum[MERKLE_HASH_BYTES];
    memcpy(sum, leaf, sizeof sum);
    /* ${node} and ${last} are the numbers, on the level reached, of our node and of the rightmost
     * one. */
    uint64_t node = index, last = size - 1;
    for (size_t i = 0; i < path_len; i++) {
        if (last == 0)
            return ERR_CRYPTO;
        /* A rightmost node that is a left child has no sibling: it rises until it is a right child.
         */
        while (node == last && (node & 1) == 0) {
            node >>= 1;
            last >>= 1;
        }
        if ((node & 1) != 0)
            merkle_node(path[i], sum, sum);
        else
            merkle_node(sum, path[i], sum);
        node >>= 1;
        last >>= 1;
    }
    if (last != 0 || memcmp(sum, root, sizeof sum) != 0)
        return ERR_CRYPTO;
    return ERR_OK;
}
