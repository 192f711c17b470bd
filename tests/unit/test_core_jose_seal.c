#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "firmware/base/secret.h"
#include "hsm/concat_kdf.h"
#include "authd/core/jose_seal.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/jose_compact.h"
#include "tests/unit/store_fixture.h"

/* What is encrypted to a programme, opened as the programme would, by other code than that which
 * sealed it. */
#define JWT "eyJ.a.token"

static struct p256_cache *keys;
static EVP_PKEY *holder, *stranger;
static struct jose_client_key recipient;

static void make_key(EVP_PKEY *pair, struct jose_client_key *key) {
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     key->point, sizeof key->point, &len),
                     1);
    jose_client_kid(key->point, key->kid);
}

static int make(void **state) {
    (void)state;
    assert_int_equal(p256_cache_new(&keys), ERR_OK);
    holder = EVP_EC_gen("P-256");
    stranger = EVP_EC_gen("P-256");
    make_key(holder, &recipient);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    p256_cache_free(keys);
    EVP_PKEY_free(holder);
    EVP_PKEY_free(stranger);
    return 0;
}

static void seal(char *text, size_t size) {
    struct buffer sealed = buffer_over(text, size - 1);
    assert_int_equal(jose_seal(keys, &recipient, bytes_of_text(JWT), &sealed), ERR_OK);
    assert_in_range(sealed.len, 1, jose_seal_chars(strlen(JWT)));
    text[sealed.len] = '\0';
}

/* The ephemeral key of the header, as OpenSSL knows it. */
static EVP_PKEY *ephemeral_of(const struct jose_block *block) {
    struct jose_client_key key = {.point = {4}};
    EVP_PKEY *public = NULL;
    memcpy(key.point + 1, block->x, 32);
    memcpy(key.point + 33, block->y, 32);
    jose_client_kid(key.point, key.kid);
    assert_int_equal(p256_public(keys, &key, &public), ERR_OK);
    return public;
}

static bool open_with(EVP_PKEY *pair, const struct jose_block *block, uint8_t *plain) {
    uint8_t shared[32], key[32], tag[JOSE_TAG_BYTES];
    size_t shared_len = sizeof shared;
    int len = 0, last = 0;
    EVP_PKEY_CTX *agreement = EVP_PKEY_CTX_new(pair, NULL);
    assert_int_equal(EVP_PKEY_derive_init(agreement), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(agreement, ephemeral_of(block)), 1);
    assert_int_equal(EVP_PKEY_derive(agreement, shared, &shared_len), 1);
    EVP_PKEY_CTX_free(agreement);
    assert_int_equal(concat_kdf_a256gcm(shared, block->party_u, block->party_v, key), ERR_OK);
    memcpy(tag, block->tag, sizeof tag);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool opened = EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, block->iv) == 1 &&
                  EVP_DecryptUpdate(cipher, NULL, &len, block->protected_header.data,
                                    (int)block->protected_header.len) == 1 &&
                  EVP_DecryptUpdate(cipher, plain, &len, block->ciphertext.data,
                                    (int)block->ciphertext.len) == 1 &&
                  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
                  EVP_DecryptFinal_ex(cipher, plain + len, &last) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return opened;
}

static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];

static struct jose_block parse(const char *text) {
    struct jose_block block;
    struct buffer workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(jose_compact_jwe(bytes_of_text(text), &workspace, &block), ERR_OK);
    return block;
}

static void its_holder_alone_opens_it(void **state) {
    (void)state;
    char text[1024];
    uint8_t plain[256];
    seal(text, sizeof text);
    struct jose_block block = parse(text);
    assert_memory_equal(block.kid, recipient.kid, sizeof block.kid);
    assert_true(open_with(holder, &block, plain));
    assert_int_equal(block.ciphertext.len, strlen(JWT));
    assert_memory_equal(plain, JWT, strlen(JWT));
    assert_false(open_with(stranger, &block, plain));
}

static void no_two_are_alike(void **state) {
    (void)state;
    char one[1024], two[1024];
    seal(one, sizeof one);
    seal(two, sizeof two);
    struct jose_block first = parse(one);
    uint8_t x[32];
    memcpy(x, first.x, sizeof x);
    struct jose_block second = parse(two);
    assert_memory_not_equal(x, second.x, sizeof x);
}

static void a_buffer_that_is_too_small_is_an_error(void **state) {
    (void)state;
    char text[1024];
    seal(text, sizeof text);
    for (size_t size = 0; size < strlen(text); size += 7) {
        uint8_t *exact = malloc(size + 1);
        struct buffer sealed = buffer_over(exact, size);
        assert_int_not_equal(jose_seal(keys, &recipient, bytes_of_text(JWT), &sealed), ERR_OK);
        free(exact);
    }
}

static void a_point_off_the_curve_is_no_key(void **state) {
    (void)state;
    struct jose_client_key off = recipient;
    EVP_PKEY *public = NULL;
    off.point[64] ^= 1;
    jose_client_kid(off.point, off.kid);
    assert_int_equal(p256_public(keys, &off, &public), ERR_CRYPTO);
}

/* More keys than there is room for: each is found again or made anew, and is its own. */
static void a_full_cache_forgets_the_oldest(void **state) {
    (void)state;
    struct jose_client_key first = recipient;
    EVP_PKEY *public = NULL;
    for (unsigned i = 0; i < 300; i++) {
        struct jose_client_key key = {.not_before_ms = 0};
        EVP_PKEY *pair = NULL;
        assert_int_equal(p256_ephemeral(keys, &pair), ERR_OK);
        make_key(pair, &key);
        assert_int_equal(p256_public(keys, &key, &public), ERR_OK);
        assert_int_equal(EVP_PKEY_eq(public, pair), 1);
        EVP_PKEY_free(pair);
    }
    assert_int_equal(p256_public(keys, &first, &public), ERR_OK);
    assert_int_equal(EVP_PKEY_eq(public, holder), 1);
}

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_holder_alone_opens_it),
        cmocka_unit_test(no_two_are_alike),
        cmocka_unit_test(a_buffer_that_is_too_small_is_an_error),
        cmocka_unit_test(a_point_off_the_curve_is_no_key),
        cmocka_unit_test(a_full_cache_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
