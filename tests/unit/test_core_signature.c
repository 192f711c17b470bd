#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/signature.h"
#include "firmware/base/codec.h"

#define HEADER "eyJhbGciOiJSUzI1NiJ9"

static struct partner partner_of(EVP_PKEY *key, uint8_t number) {
    struct partner partner = {.has_certificate = true, .certificate_thumbprint = {number}};
    unsigned char *target = partner.public_key;
    int len = i2d_PUBKEY(key, NULL);
    assert_true(len > 0 && len <= PARTNER_KEY_MAX);
    assert_int_equal(i2d_PUBKEY(key, &target), len);
    partner.public_key_len = (uint16_t)len;
    return partner;
}

/* RS256 over header.base64url(body), by way of one whole text. */
static struct bytes sign(EVP_PKEY *key, struct bytes body, uint8_t signature[static 512]) {
    size_t size = sizeof HEADER + CODEC_BASE64_CHARS(body.len) + 1, len = 512;
    char *text = malloc(size);
    struct buffer target = buffer_over(text, size);
    struct bytes written;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    buffer_raw(&target, HEADER ".", sizeof HEADER);
    codec_base64url(&target, body);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(digest, signature, &len, written.data, written.len), 1);
    EVP_MD_CTX_free(digest);
    free(text);
    return bytes_of(signature, len);
}

static bool verify(struct signature_cache *cache, const struct partner *partner, struct bytes body,
                   struct bytes signature) {
    bool valid = true;
    const struct signature_parts parts = {
        .protected_header = bytes_of_text(HEADER), .body = body, .signature = signature};
    assert_int_equal(signature_verify(cache, partner, &parts, &valid), ERR_OK);
    return valid;
}

static void bodies_of_every_length_verify(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 3, 3071, 3072, 3073, 3074, 6144, 196608};
    uint8_t signature[512], *memory = calloc(1, 196608);
    struct signature_cache *cache = NULL;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct partner partner = partner_of(key, 1);
    assert_int_equal(signature_cache_new(&cache), ERR_OK);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct bytes body = bytes_of(memory, lengths[i]);
        struct bytes made = sign(key, body, signature);
        assert_true(verify(cache, &partner, body, made));
        if (body.len == 0)
            continue;
        memory[body.len - 1] ^= 1;
        assert_false(verify(cache, &partner, body, made));
        memory[body.len - 1] ^= 1;
        assert_false(verify(cache, &partner, bytes_of(memory, body.len - 1), made));
    }
    signature_cache_free(cache);
    EVP_PKEY_free(key);
    free(memory);
}

static void bent_signatures_and_headers_do_not_verify(void **state) {
    (void)state;
    uint8_t signature[512];
    struct signature_cache *cache = NULL;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct partner partner = partner_of(key, 1);
    struct bytes body = bytes_of_text("{}"), made = sign(key, body, signature);
    bool valid = true;
    assert_int_equal(signature_cache_new(&cache), ERR_OK);
    for (size_t i = 0; i < made.len; i += 17) {
        signature[i] ^= 0x10;
        assert_false(verify(cache, &partner, body, made));
        signature[i] ^= 0x10;
    }
    assert_false(verify(cache, &partner, body, bytes_of(signature, made.len - 1)));
    assert_false(verify(cache, &partner, body, bytes_of(signature, 0)));
    const struct signature_parts parts = {
        .protected_header = bytes_of_text("eyJhbGciOiJSUzI1NiK9"), .body = body, .signature = made};
    assert_int_equal(signature_verify(cache, &partner, &parts, &valid), ERR_OK);
    assert_false(valid);
    assert_true(verify(cache, &partner, body, made));
    signature_cache_free(cache);
    EVP_PKEY_free(key);
}

/* A programme that registers another certificate is verified with that one, whatever is cached. */
static void a_cached_key_belongs_to_its_certificate(void **state) {
    (void)state;
    uint8_t signature[512];
    struct signature_cache *cache = NULL;
    EVP_PKEY *first = EVP_RSA_gen(2048), *second = EVP_RSA_gen(2048);
    struct partner old = partner_of(first, 1), renewed = partner_of(second, 2);
    struct bytes body = bytes_of_text("{}"), made = sign(first, body, signature);
    assert_int_equal(signature_cache_new(&cache), ERR_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(verify(cache, &old, body, made));
        assert_false(verify(cache, &renewed, body, made));
    }
    signature_cache_free(cache);
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
}

static void weak_and_foreign_keys_are_refused(void **state) {
    (void)state;
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-256")};
    struct signature_cache *cache = NULL;
    const struct signature_parts parts = {.protected_header = bytes_of_text(HEADER)};
    bool valid = true;
    assert_int_equal(signature_cache_new(&cache), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct partner partner = partner_of(keys[i], (uint8_t)i);
        assert_int_equal(signature_verify(cache, &partner, &parts, &valid), ERR_CRYPTO);
        assert_false(valid);
        EVP_PKEY_free(keys[i]);
    }
    struct partner garbage = {.public_key_len = 10};
    assert_int_equal(signature_verify(cache, &garbage, &parts, &valid), ERR_CRYPTO);
    assert_false(valid);
    signature_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_every_length_verify),
        cmocka_unit_test(bent_signatures_and_headers_do_not_verify),
        cmocka_unit_test(a_cached_key_belongs_to_its_certificate),
        cmocka_unit_test(weak_and_foreign_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
