#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "hsm/concat_kdf.h"

/* RFC 7518 Appendix C: the shared secret of its example, "Alice" and "Bob". */
static const uint8_t shared[CONCAT_KDF_SHARED_BYTES] = {
    158, 86, 217, 29,  129, 113, 53,  211, 114, 131, 66,  131, 191, 132, 38,  156,
    251, 49, 110, 163, 218, 128, 106, 72,  246, 218, 167, 121, 140, 254, 144, 196,
};
static const struct concat_kdf example = {
    .algorithm = "A128GCM",
    .party_u = {(const uint8_t *)"Alice", 5},
    .party_v = {(const uint8_t *)"Bob", 3},
};

static void the_example_of_rfc_7518_comes_out(void **state) {
    (void)state;
    static const uint8_t expected[16] = {86, 170, 141, 234, 248, 35,  109, 32,
                                         92, 34,  40,  205, 113, 167, 16,  26};
    uint8_t key[16];
    assert_int_equal(concat_kdf_derive(&example, shared, key, sizeof key), ERR_OK);
    assert_memory_equal(key, expected, sizeof expected);
}

/* The same once more, written out by hand: one round of SHA-256 (NIST SP 800-56A §5.8.1). */
static void reference(const char *other_info, size_t len, uint8_t digest[static 32]) {
    static const uint8_t counter[4] = {0, 0, 0, 1};
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, counter, sizeof counter);
    crypto_hash_sha256_update(&hash, shared, sizeof shared);
    crypto_hash_sha256_update(&hash, (const uint8_t *)other_info, len);
    crypto_hash_sha256_final(&hash, digest);
}

#define OTHER(text) text, sizeof(text) - 1

static void a256gcm_has_its_own_algorithm_id_and_length(void **state) {
    (void)state;
    uint8_t key[32], expected[32];
    reference(OTHER("\0\0\0\7A256GCM\0\0\0\5Alice\0\0\0\3Bob\0\0\1\0"), expected);
    assert_int_equal(concat_kdf_a256gcm(shared, example.party_u, example.party_v, key), ERR_OK);
    assert_memory_equal(key, expected, sizeof key);
    reference(OTHER("\0\0\0\7A256GCM\0\0\0\0\0\0\0\0\0\0\1\0"), expected);
    const struct bytes nobody = {NULL, 0};
    assert_int_equal(concat_kdf_a256gcm(shared, nobody, nobody, key), ERR_OK);
    assert_memory_equal(key, expected, sizeof key);
}

static void what_is_said_of_the_parties_changes_the_key(void **state) {
    (void)state;
    uint8_t key[32], other[32];
    const struct bytes alice = example.party_u, bob = example.party_v, nobody = {NULL, 0};
    const struct bytes pairs[][2] = {
        {bob, alice},
        {alice, nobody},
        {nobody, bob},
        {bytes_of_text("AliceB"), bytes_of_text("ob")}, /* the border counts */
    };
    assert_int_equal(concat_kdf_a256gcm(shared, alice, bob, key), ERR_OK);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(concat_kdf_a256gcm(shared, pairs[i][0], pairs[i][1], other), ERR_OK);
        assert_memory_not_equal(key, other, sizeof key);
    }
    uint8_t changed[CONCAT_KDF_SHARED_BYTES];
    memcpy(changed, shared, sizeof changed);
    changed[31] ^= 1;
    assert_int_equal(concat_kdf_a256gcm(changed, alice, bob, other), ERR_OK);
    assert_memory_not_equal(key, other, sizeof key);
}

static void sizes_have_their_bounds(void **state) {
    (void)state;
    static const uint8_t party[CONCAT_KDF_PARTY_MAX + 1];
    const struct bytes longest = {party, CONCAT_KDF_PARTY_MAX}, over = {party, sizeof party};
    uint8_t key[CONCAT_KDF_KEY_MAX + 1];
    assert_int_equal(concat_kdf_a256gcm(shared, longest, longest, key), ERR_OK);
    assert_int_equal(concat_kdf_a256gcm(shared, over, longest, key), ERR_TOO_LARGE);
    assert_int_equal(concat_kdf_a256gcm(shared, longest, over, key), ERR_TOO_LARGE);
    struct concat_kdf wordy = example;
    wordy.algorithm = "a name of an algorithm that is too long";
    assert_int_equal(concat_kdf_derive(&wordy, shared, key, 32), ERR_TOO_LARGE);
    assert_int_equal(concat_kdf_derive(&example, shared, key, CONCAT_KDF_KEY_MAX), ERR_OK);
    assert_int_equal(concat_kdf_derive(&example, shared, key, sizeof key), ERR_TOO_LARGE);
    assert_int_equal(concat_kdf_derive(&example, shared, key, 0), ERR_CRYPTO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_7518_comes_out),
        cmocka_unit_test(a256gcm_has_its_own_algorithm_id_and_length),
        cmocka_unit_test(what_is_said_of_the_parties_changes_the_key),
        cmocka_unit_test(sizes_have_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
