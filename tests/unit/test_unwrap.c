#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#include "hsm/certificate.h"
#include "hsm/lookup.h"
#include "hsm/token.h"
#include "hsm/unwrap.h"
#include "tests/lib/hsm_box.h"

#define KEY_COUNT 2
#define DER_SIZE  2048

static struct hsm_box box;
static struct token *token;
static EVP_PKEY *keys[KEY_COUNT];
static uint8_t der_memory[KEY_COUNT][DER_SIZE], root_memory[DER_SIZE];
static struct bytes certificates[KEY_COUNT];

static struct bytes certify(EVP_PKEY *key, EVP_PKEY *authority, struct bytes issuer,
                            uint8_t memory[static DER_SIZE]) {
    struct buffer der = buffer_over(memory, DER_SIZE);
    const struct certificate_plan plan = {
        .purpose = issuer.len > 0 ? HSM_PURPOSE_PARTNER : HSM_PURPOSE_ROOT,
        .generation = 1,
        .subject = key,
        .issuer_key = authority,
        .issuer = issuer,
    };
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    return bytes_of(memory, der.len);
}

/* Two decrypting keys in the token, with certificates that a third, signing one issued to itself.
 */
static void make_keys(void) {
    uint8_t id[TOKEN_RAW_ID_BYTES] = {0xff};
    EVP_PKEY *authority;
    assert_int_equal(token_raw_generate(token_session(token), TOKEN_RAW_RSA_SIGN, id, "ca"),
                     ERR_OK);
    assert_int_equal(token_key(token, id, &authority), ERR_OK);
    struct bytes root = certify(authority, authority, bytes_of(NULL, 0), root_memory);
    for (uint8_t i = 0; i < KEY_COUNT; i++) {
        id[0] = i;
        assert_int_equal(token_raw_generate(token_session(token), TOKEN_RAW_RSA_DECRYPT, id, "key"),
                         ERR_OK);
        assert_int_equal(token_key(token, id, &keys[i]), ERR_OK);
        certificates[i] = certify(keys[i], authority, root, der_memory[i]);
    }
    EVP_PKEY_free(authority);
}

static int open_box(void **state) {
    (void)state;
    const struct token_options options = hsm_box_options(NULL);
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    SECRET(pin);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    make_keys();
    return 0;
}

static int close_box(void **state) {
    (void)state;
    for (size_t i = 0; i < KEY_COUNT; i++)
        EVP_PKEY_free(keys[i]);
    hsm_box_remove(&box);
    return 0;
}

static struct unwrap_ring *new_ring(const char *label, size_t key_count) {
    struct unwrap_ring *ring;
    assert_int_equal(unwrap_new(&ring, label), ERR_OK);
    for (size_t i = 0; i < key_count; i++)
        assert_int_equal(unwrap_add(ring, keys[i], certificates[i], (uint16_t)(i + 1)), ERR_OK);
    return ring;
}

static void seal(size_t key, const char *label, uint8_t first,
                 uint8_t wrapped[static HSM_WRAPPED_BYTES]) {
    SECRET(secret);
    assert_int_equal(secret_new(&secret, UNWRAP_SECRET_BYTES), ERR_OK);
    memset(secret.data, first, secret.len);
    assert_int_equal(unwrap_seal(certificates[key], label, &secret, wrapped), ERR_OK);
}

static void assert_opens(struct unwrap_ring *ring, const uint8_t *thumbprint,
                         const uint8_t *wrapped, uint8_t first, uint64_t expected_uses) {
    SECRET(opened);
    uint64_t uses = 0;
    assert_int_equal(unwrap_open(ring, thumbprint, wrapped, &opened, &uses), ERR_OK);
    assert_int_equal(opened.len, UNWRAP_SECRET_BYTES);
    for (size_t i = 0; i < opened.len; i++)
        assert_int_equal(opened.data[i], first);
    assert_true(uses == expected_uses);
    assert_true(unwrap_opened_by(ring) > 0);
}

static void assert_refused(struct unwrap_ring *ring, const uint8_t *thumbprint,
                           const uint8_t *wrapped, enum err expected, uint64_t expected_uses) {
    SECRET(opened);
    uint64_t uses = 0;
    assert_int_equal(unwrap_open(ring, thumbprint, wrapped, &opened, &uses), expected);
    assert_null(opened.data);
    assert_int_equal(unwrap_opened_by(ring), 0);
    assert_true(uses == expected_uses);
}

static void what_was_sealed_opens(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", 1);
    for (unsigned i = 0; i < hsm_box_times(50); i++) {
        uint8_t wrapped[HSM_WRAPPED_BYTES];
        seal(0, "", (uint8_t)i, wrapped);
        assert_opens(ring, NULL, wrapped, (uint8_t)i, 1);
    }
    unwrap_free(ring);
}

static void the_thumbprint_chooses_the_key(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", KEY_COUNT);
    uint8_t wrapped[HSM_WRAPPED_BYTES], thumbprints[KEY_COUNT][32], unknown[32] = {0};
    for (size_t i = 0; i < KEY_COUNT; i++)
        (void)crypto_hash_sha256(thumbprints[i], certificates[i].data, certificates[i].len);
    do /* below the other key's modulus too: what is not never reaches the token */
        seal(1, "", 5, wrapped);
    while (wrapped[0] >= 0x80);
    assert_opens(ring, thumbprints[1], wrapped, 5, 1);
    assert_int_equal(unwrap_opened_by(ring), 2);
    assert_refused(ring, thumbprints[0], wrapped, ERR_CRYPTO, 1);
    assert_refused(ring, unknown, wrapped, ERR_NOT_FOUND, 0);
    unwrap_free(ring);
}

static void without_a_thumbprint_older_keys_are_tried_too(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", KEY_COUNT);
    uint8_t wrapped[HSM_WRAPPED_BYTES], of_nobody[HSM_WRAPPED_BYTES] = {[255] = 9};
    seal(0, "", 1, wrapped);
    assert_opens(ring, NULL, wrapped, 1, 1);
    seal(1, "", 2, wrapped);
    SECRET(opened);
    uint64_t uses = 0; /* one or two: it may not be below the first key's modulus */
    assert_int_equal(unwrap_open(ring, NULL, wrapped, &opened, &uses), ERR_OK);
    assert_int_equal(opened.data[0], 2);
    assert_refused(ring, NULL, of_nobody, ERR_CRYPTO, KEY_COUNT);
    unwrap_free(ring);
    ring = new_ring("", 0);
    assert_refused(ring, NULL, wrapped, ERR_NOT_FOUND, 0);
    unwrap_free(ring);
}

/* What is sealed for one use of a key does not open for another. */
static void labels_keep_uses_apart(void **state) {
    (void)state;
    static const char *const labels[] = {UNWRAP_LABEL_REQUEST, UNWRAP_LABEL_PEPPER,
                                         UNWRAP_LABEL_ROOT};
    for (size_t i = 0; i < 3; i++) {
        struct unwrap_ring *ring = new_ring(labels[i], 1);
        for (size_t j = 0; j < 3; j++) {
            uint8_t wrapped[HSM_WRAPPED_BYTES];
            seal(0, labels[j], 3, wrapped);
            if (i == j)
                assert_opens(ring, NULL, wrapped, 3, 1);
            else
                assert_refused(ring, NULL, wrapped, ERR_CRYPTO, 1);
        }
        unwrap_free(ring);
    }
}

static void any_changed_byte_is_refused(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", 1);
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    seal(0, "", 4, wrapped);
    for (size_t i = 1; i < sizeof wrapped; i += 15) { /* not the first: it could leave the range */
        wrapped[i] ^= 0x40;
        assert_refused(ring, NULL, wrapped, ERR_CRYPTO, 1);
        wrapped[i] ^= 0x40;
    }
    assert_opens(ring, NULL, wrapped, 4, 1);
    unwrap_free(ring);
}

/* Numbers at the edges of the modulus: a normal refusal, never a failure of the module. */
static void numbers_that_are_no_ciphertext_never_reach_the_token(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", 1);
    uint8_t number[HSM_WRAPPED_BYTES];
    const unsigned char *at = certificates[0].data;
    X509 *parsed = d2i_X509(NULL, &at, (long)certificates[0].len);
    BIGNUM *modulus = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(X509_get0_pubkey(parsed), "n", &modulus), 1);
    memset(number, 0xff, sizeof number);
    assert_refused(ring, NULL, number, ERR_CRYPTO, 0);
    assert_int_equal(BN_bn2binpad(modulus, number, sizeof number), sizeof number);
    assert_refused(ring, NULL, number, ERR_CRYPTO, 0);
    assert_int_equal(BN_sub_word(modulus, 1), 1);
    assert_int_equal(BN_bn2binpad(modulus, number, sizeof number), sizeof number);
    assert_refused(ring, NULL, number, ERR_CRYPTO, 1);
    memset(number, 0, sizeof number);
    assert_refused(ring, NULL, number, ERR_CRYPTO, 1);
    number[255] = 1;
    assert_refused(ring, NULL, number, ERR_CRYPTO, 1);
    BN_free(modulus);
    X509_free(parsed);
    unwrap_free(ring);
}

/* Encrypts ${plain} to key 0 with a padding and a hash of choice. */
static void encrypt(int padding, const EVP_MD *hash, struct bytes plain,
                    uint8_t wrapped[static HSM_WRAPPED_BYTES]) {
    const unsigned char *at = certificates[0].data;
    size_t len = HSM_WRAPPED_BYTES;
    X509 *parsed = d2i_X509(NULL, &at, (long)certificates[0].len);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(parsed), NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
    if (padding == RSA_PKCS1_OAEP_PADDING)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, hash), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, wrapped, &len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(context);
    X509_free(parsed);
}

static void other_paddings_and_lengths_are_refused(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", 1);
    uint8_t wrapped[HSM_WRAPPED_BYTES], plain[64] = {0};
    encrypt(RSA_PKCS1_OAEP_PADDING, EVP_sha256(), bytes_of(plain, 32), wrapped);
    assert_opens(ring, NULL, wrapped, 0, 1);
    encrypt(RSA_PKCS1_OAEP_PADDING, EVP_sha1(), bytes_of(plain, 32), wrapped);
    assert_refused(ring, NULL, wrapped, ERR_CRYPTO, 1);
    encrypt(RSA_PKCS1_PADDING, NULL, bytes_of(plain, 32), wrapped);
    assert_refused(ring, NULL, wrapped, ERR_CRYPTO, 1);
    static const size_t lengths[] = {0, 16, 31, 33, 64};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        encrypt(RSA_PKCS1_OAEP_PADDING, EVP_sha256(), bytes_of(plain, lengths[i]), wrapped);
        assert_refused(ring, NULL, wrapped, ERR_CRYPTO, 1);
    }
    unwrap_free(ring);
}

static void a_key_that_is_not_rsa_2048_is_no_key_here(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", 0);
    assert_int_equal(unwrap_add(ring, keys[0], bytes_of_text("no certificate"), 1), ERR_CRYPTO);
    uint8_t wrapped[HSM_WRAPPED_BYTES];
    SECRET(secret);
    assert_int_equal(secret_new(&secret, 32), ERR_OK);
    assert_int_equal(unwrap_seal(bytes_of_text("no certificate"), "", &secret, wrapped),
                     ERR_CRYPTO);
    unwrap_free(ring);
}

/* One pepper of zeroes but for its first byte. */
static struct lookup_peppers peppers_of(uint16_t generation, uint8_t first_byte) {
    struct lookup_peppers peppers = {0};
    SECRET(pepper);
    assert_int_equal(secret_new(&pepper, 32), ERR_OK);
    pepper.data[0] = first_byte;
    assert_int_equal(lookup_add(&peppers, generation, &pepper), ERR_OK);
    return peppers;
}

static void lookup_keys_follow_from_pepper_and_id_hash_alone(void **state) {
    (void)state;
    struct lookup_peppers pepper = peppers_of(1, 0), other = peppers_of(1, 1);
    struct hsm_lookup_keys one, two;
    uint8_t id_hash[HSM_ID_HASH_BYTES] = {1};
    assert_int_equal(lookup_keys(&pepper, id_hash, &one), ERR_OK);
    assert_int_equal(lookup_keys(&pepper, id_hash, &two), ERR_OK);
    assert_memory_equal(&one, &two, sizeof one);
    assert_int_equal(lookup_keys(&other, id_hash, &two), ERR_OK);
    assert_memory_not_equal(one.of[0].key, two.of[0].key, sizeof one.of[0].key);
    id_hash[31] = 1;
    assert_int_equal(lookup_keys(&pepper, id_hash, &two), ERR_OK);
    assert_memory_not_equal(one.of[0].key, two.of[0].key, sizeof one.of[0].key);
    lookup_forget(&other);
    assert_int_equal(lookup_keys(&other, id_hash, &two), ERR_CRYPTO);
    assert_int_equal(two.count, 0);
    lookup_forget(&pepper);
}

/* What one pepper gives does not depend on which others are in use, or in which place. */
static void each_pepper_gives_its_key_in_the_order_they_came(void **state) {
    (void)state;
    struct lookup_peppers both = peppers_of(7, 1), alone = peppers_of(3, 2);
    struct hsm_lookup_keys given, expected;
    const uint8_t id_hash[HSM_ID_HASH_BYTES] = {1};
    SECRET(second);
    assert_int_equal(secret_new(&second, 32), ERR_OK);
    second.data[0] = 2;
    assert_int_equal(lookup_add(&both, 3, &second), ERR_OK);
    assert_null(second.data);
    assert_int_equal(lookup_keys(&both, id_hash, &given), ERR_OK);
    assert_int_equal(lookup_keys(&alone, id_hash, &expected), ERR_OK);
    assert_int_equal(given.count, 2);
    assert_int_equal(given.of[0].generation, 7);
    assert_int_equal(given.of[1].generation, 3);
    assert_memory_equal(given.of[1].key, expected.of[0].key, sizeof expected.of[0].key);
    assert_memory_not_equal(given.of[0].key, given.of[1].key, sizeof given.of[0].key);
    lookup_forget(&both);
    lookup_forget(&alone);
}

static void a_pepper_is_long_enough_and_of_a_generation_of_its_own(void **state) {
    (void)state;
    struct lookup_peppers peppers = peppers_of(1, 1);
    SECRET(pepper);
    assert_int_equal(lookup_add(&peppers, 2, &pepper), ERR_CRYPTO);
    assert_int_equal(secret_new(&pepper, 31), ERR_OK);
    assert_int_equal(lookup_add(&peppers, 2, &pepper), ERR_CRYPTO);
    secret_free(&pepper);
    assert_int_equal(secret_new(&pepper, 32), ERR_OK);
    assert_int_equal(lookup_add(&peppers, 1, &pepper), ERR_CORRUPT);
    assert_int_equal(lookup_add(&peppers, 0, &pepper), ERR_CORRUPT);
    assert_int_equal(peppers.count, 1);
    assert_int_equal(lookup_add(&peppers, 2, &pepper), ERR_OK);
    assert_int_equal(secret_new(&pepper, 32), ERR_OK);
    assert_int_equal(lookup_add(&peppers, 3, &pepper), ERR_FULL);
    assert_non_null(pepper.data);
    lookup_forget(&peppers);
}

/* Last: after this the token is of no more use to the process. */
static void a_module_that_fails_is_told_from_a_wrong_padding(void **state) {
    (void)state;
    struct unwrap_ring *ring = new_ring("", KEY_COUNT);
    uint8_t wrapped[HSM_WRAPPED_BYTES], garbage[HSM_WRAPPED_BYTES] = {[200] = 7};
    CK_FUNCTION_LIST *module;
    CK_C_GetFunctionList get_function_list;
    CK_SLOT_ID slots[4];
    CK_ULONG slot_count = 4;
    seal(0, "", 4, wrapped);
    assert_refused(ring, NULL, garbage, ERR_CRYPTO, KEY_COUNT);
    *(void **)&get_function_list =
        dlsym(dlopen(hsm_box_module(), RTLD_NOW | RTLD_NOLOAD), "C_GetFunctionList");
    assert_int_equal(get_function_list(&module), CKR_OK);
    assert_int_equal(module->C_GetSlotList(CK_TRUE, slots, &slot_count), CKR_OK);
    assert_int_equal(module->C_CloseAllSessions(slots[0]), CKR_OK);
    assert_refused(ring, NULL, wrapped, ERR_HSM, 1);
    assert_refused(ring, NULL, garbage, ERR_HSM, 1);
    unwrap_free(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(the_thumbprint_chooses_the_key),
        cmocka_unit_test(without_a_thumbprint_older_keys_are_tried_too),
        cmocka_unit_test(labels_keep_uses_apart),
        cmocka_unit_test(any_changed_byte_is_refused),
        cmocka_unit_test(numbers_that_are_no_ciphertext_never_reach_the_token),
        cmocka_unit_test(other_paddings_and_lengths_are_refused),
        cmocka_unit_test(a_key_that_is_not_rsa_2048_is_no_key_here),
        cmocka_unit_test(lookup_keys_follow_from_pepper_and_id_hash_alone),
        cmocka_unit_test(each_pepper_gives_its_key_in_the_order_they_came),
        cmocka_unit_test(a_pepper_is_long_enough_and_of_a_generation_of_its_own),
        cmocka_unit_test(a_module_that_fails_is_told_from_a_wrong_padding),
    };
    return cmocka_run_group_tests(tests, open_box, close_box);
}
