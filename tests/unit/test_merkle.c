#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "firmware/base/codec.h"
#include "firmware/base/merkle.h"

#define LEAVES_MAX      70
#define PATH_LENGTH_MAX 8

typedef uint8_t hash[MERKLE_HASH_BYTES];

static void entry_leaf(unsigned number, hash leaf) {
    char entry[16];
    int len = snprintf(entry, sizeof entry, "entry %u", number);
    merkle_leaf(bytes_of(entry, (size_t)len), leaf);
}

/* The oracle: RFC 6962 §2.1 and §2.1.1 word for word, recursive, with another library's SHA-256. */
static void sha256(const void *data, size_t len, hash out) {
    assert_int_equal(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL), 1);
}

static unsigned split(unsigned count) {
    unsigned left = 1;
    while (left * 2 < count)
        left *= 2;
    return left;
}

static void mth(unsigned from, unsigned count, hash out) {
    if (count == 0) {
        sha256("", 0, out);
        return;
    }
    uint8_t input[1 + 2 * MERKLE_HASH_BYTES];
    if (count == 1) {
        input[0] = 0;
        int len = snprintf((char *)input + 1, sizeof input - 1, "entry %u", from);
        sha256(input, 1 + (size_t)len, out);
        return;
    }
    unsigned left = split(count);
    input[0] = 1;
    mth(from, left, input + 1);
    mth(from + left, count - left, input + 1 + MERKLE_HASH_BYTES);
    sha256(input, sizeof input, out);
}

static size_t path_of(unsigned index, unsigned from, unsigned count,
                      hash path[static PATH_LENGTH_MAX]) {
    if (count == 1)
        return 0;
    unsigned left = split(count);
    bool in_left = index < left;
    size_t len = in_left ? path_of(index, from, left, path)
                         : path_of(index - left, from + left, count - left, path);
    if (in_left)
        mth(from + left, count - left, path[len]);
    else
        mth(from, left, path[len]);
    return len + 1;
}

/* Of "entry 0", "entry 1", …; computed with Python's hashlib by the definition in RFC 6962 §2.1. */
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701",
    "5a47662fd8a317d96049a3f9f47c55dc67ca66051baa3683dbb19b2fe09a07b0",
    "94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19",
    "9799f307517ef517c2205df9b67762bf34756b20099fb7dfcce76bcebd273b2e",
    "7caa345dbd892a66454d6c6512ea3c3ea3f0d3ec21be3fc2e2375705fd38f672",
    "cbeec99db3e4d67dbaaa60c16b5d4cf737ac2ddc1507b78af375763ebad1c01e",
    "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587",
    "b69732ce5c914162ca9accfaf4e95d3f9874d68805437088aaff184a4db96773",
};

static void the_roots_of_the_first_trees_are_known(void **state) {
    (void)state;
    struct merkle tree = {0};
    for (unsigned size = 0; size < sizeof roots / sizeof roots[0]; size++) {
        hash root, expected, leaf;
        merkle_root(&tree, root);
        assert_int_equal(codec_hex_decode(bytes_of_text(roots[size]), expected, sizeof expected),
                         ERR_OK);
        assert_memory_equal(root, expected, sizeof root);
        entry_leaf(size, leaf);
        assert_int_equal(merkle_append(&tree, leaf), ERR_OK);
    }
}

static void the_root_agrees_with_the_definition_at_every_size(void **state) {
    (void)state;
    struct merkle tree = {0};
    for (unsigned size = 0; size <= LEAVES_MAX; size++) {
        hash root, expected, leaf;
        assert_true(tree.size == size);
        merkle_root(&tree, root);
        mth(0, size, expected);
        assert_memory_equal(root, expected, sizeof root);
        entry_leaf(size, leaf);
        assert_int_equal(merkle_append(&tree, leaf), ERR_OK);
    }
}

static void every_leaf_of_every_tree_is_proved(void **state) {
    (void)state;
    for (unsigned size = 1; size <= LEAVES_MAX; size++) {
        hash root;
        mth(0, size, root);
        for (unsigned index = 0; index < size; index++) {
            hash leaf, path[PATH_LENGTH_MAX];
            entry_leaf(index, leaf);
            size_t len = path_of(index, 0, size, path);
            assert_int_equal(merkle_verify(leaf, index, size, path, len, root), ERR_OK);
        }
    }
}

static void a_proof_holds_for_its_leaf_place_size_and_length_alone(void **state) {
    (void)state;
    for (unsigned size = 1; size <= 33; size++) {
        hash root, leaf, other, path[PATH_LENGTH_MAX] = {{0}};
        mth(0, size, root);
        for (unsigned index = 0; index < size; index++) {
            entry_leaf(index, leaf);
            entry_leaf(index + 1, other);
            size_t len = path_of(index, 0, size, path);
            assert_int_equal(merkle_verify(other, index, size, path, len, root), ERR_CRYPTO);
            for (unsigned wrong = 0; wrong < size + 2; wrong++)
                if (wrong != index)
                    assert_int_equal(merkle_verify(leaf, wrong, size, path, len, root), ERR_CRYPTO);
            if (len > 0)
                assert_int_equal(merkle_verify(leaf, index, size, path, len - 1, root), ERR_CRYPTO);
            assert_int_equal(merkle_verify(leaf, index, size, path, len + 1, root), ERR_CRYPTO);
            assert_int_equal(merkle_verify(leaf, index, index, path, len, root), ERR_CRYPTO);
            assert_int_equal(merkle_verify(leaf, index, 0, path, len, root), ERR_CRYPTO);
        }
    }
}

static void one_changed_bit_breaks_a_proof(void **state) {
    (void)state;
    const unsigned size = 13, index = 9;
    hash root, leaf, path[PATH_LENGTH_MAX];
    mth(0, size, root);
    entry_leaf(index, leaf);
    size_t len = path_of(index, 0, size, path);
    for (size_t bit = 0; bit < len * MERKLE_HASH_BYTES * 8; bit++) {
        uint8_t *byte = &path[bit / 8 / MERKLE_HASH_BYTES][bit / 8 % MERKLE_HASH_BYTES];
        *byte ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(merkle_verify(leaf, index, size, path, len, root), ERR_CRYPTO);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(merkle_verify(leaf, index, size, path, len, root), ERR_OK);
    root[31] ^= 1;
    assert_int_equal(merkle_verify(leaf, index, size, path, len, root), ERR_CRYPTO);
}

/* A node's two hashes must not pass as the bytes of an entry. */
static void a_node_is_not_a_leaf(void **state) {
    (void)state;
    hash two[2], root, as_entry;
    entry_leaf(0, two[0]);
    entry_leaf(1, two[1]);
    mth(0, 2, root);
    merkle_leaf(bytes_of(two, sizeof two), as_entry);
    assert_memory_not_equal(root, as_entry, sizeof root);
}

static void the_largest_tree_is_full(void **state) {
    (void)state;
    struct merkle tree = {.size = (UINT64_C(1) << 63) - 1};
    hash leaf, before, after;
    entry_leaf(0, leaf);
    assert_int_equal(merkle_append(&tree, leaf), ERR_OK);
    assert_true(tree.size == UINT64_C(1) << 63);
    merkle_root(&tree, before);
    assert_int_equal(merkle_append(&tree, leaf), ERR_FULL);
    merkle_root(&tree, after);
    assert_memory_equal(before, after, sizeof before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_of_the_first_trees_are_known),
        cmocka_unit_test(the_root_agrees_with_the_definition_at_every_size),
        cmocka_unit_test(every_leaf_of_every_tree_is_proved),
        cmocka_unit_test(a_proof_holds_for_its_leaf_place_size_and_length_alone),
        cmocka_unit_test(one_changed_bit_breaks_a_proof),
        cmocka_unit_test(a_node_is_not_a_leaf),
        cmocka_unit_test(the_largest_tree_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
