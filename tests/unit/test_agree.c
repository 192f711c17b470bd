#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "hsm/agree.h"
#include "hsm/certificate.h"
#include "hsm/jwk.h"
#include "hsm/token.h"
#include "hsm/trial.h"
#include "tests/lib/hsm_box.h"
#include "tests/unit/agree_sender.h"

#define KEY_COUNT 3

static struct hsm_box box;
static struct token *token;

/* Keys of the token that agree, each with a certificate of an authority's, and its kid. */
static struct held {
    EVP_PKEY *key;
    uint8_t memory[2048];
    struct bytes certificate;
    uint8_t kid[JWK_THUMBPRINT_BYTES];
} held[KEY_COUNT];

static struct bytes issue(EVP_PKEY *subject, EVP_PKEY *authority, struct bytes issuer,
                          struct buffer *der) {
    const struct certificate_plan plan = {
        .purpose = issuer.len > 0 ? HSM_PURPOSE_REQUEST : HSM_PURPOSE_ROOT,
        .generation = 1,
        .subject = subject,
        .issuer_key = authority,
        .issuer = issuer,
    };
    assert_int_equal(certificate_issue(&plan, der), ERR_OK);
    return bytes_of(der->data, der->len);
}

static void certify(struct held *one, EVP_PKEY *authority) {
    uint8_t root_memory[2048];
    struct buffer der = buffer_over(one->memory, sizeof one->memory);
    struct buffer root = buffer_over(root_memory, sizeof root_memory);
    struct bytes issuer = issue(authority, authority, bytes_of(NULL, 0), &root);
    one->certificate = issue(one->key, authority, issuer, &der);
    assert_int_equal(jwk_ec_thumbprint(one->certificate, one->kid), ERR_OK);
}

static void make_keys(void) {
    EVP_PKEY *authority = EVP_EC_gen("P-256");
    for (uint8_t i = 0; i < KEY_COUNT; i++) {
        const uint8_t id[TOKEN_RAW_ID_BYTES] = {i};
        assert_int_equal(token_raw_generate(token_session(token), TOKEN_RAW_P256_DERIVE, id, "key"),
                         ERR_OK);
        assert_int_equal(token_key(token, id, &held[i].key), ERR_OK);
        certify(&held[i], authority);
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
        EVP_PKEY_free(held[i].key);
    hsm_box_remove(&box);
    return 0;
}

static struct agree_ring *new_ring(size_t key_count) {
    struct agree_ring *ring;
    assert_int_equal(agree_new(&ring), ERR_OK);
    for (size_t i = 0; i < key_count; i++)
        assert_int_equal(agree_add(ring, held[i].key, held[i].certificate, (uint16_t)(i + 1)),
                         ERR_OK);
    return ring;
}

/* A question to key ${i}, and the content key that its sender has. */
static struct hsm_derive question_to(size_t i, uint8_t expected[static HSM_CONTENT_KEY_BYTES]) {
    struct hsm_derive question = {.party_u = bytes_of_text("u"), .party_v = bytes_of_text("v")};
    memcpy(question.kid, held[i].kid, sizeof question.kid);
    agree_sender_ask(held[i].certificate, &question, expected);
    return question;
}

static void assert_agrees(struct agree_ring *ring, const struct hsm_derive *question,
                          const uint8_t expected[static HSM_CONTENT_KEY_BYTES]) {
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, question, &content_key, &uses), ERR_OK);
    assert_int_equal(content_key.len, HSM_CONTENT_KEY_BYTES);
    assert_memory_equal(content_key.data, expected, HSM_CONTENT_KEY_BYTES);
    assert_true(uses == 1);
}

/* Refused without the token: nothing is derived and nothing counted. */
static void assert_refused(struct agree_ring *ring, const struct hsm_derive *question,
                           enum err expected) {
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, question, &content_key, &uses), expected);
    assert_null(content_key.data);
    assert_true(uses == 0);
}

static void token_and_sender_derive_the_same(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct agree_ring *ring = new_ring(1);
    for (int i = 0; i < 50; i++) {
        uint8_t expected[HSM_CONTENT_KEY_BYTES];
        struct hsm_derive question = question_to(0, expected);
        assert_agrees(ring, &question, expected);
        assert_agrees(ring, &question, expected);
    }
    agree_free(ring);
}

static void several_keys_live_at_once_chosen_by_kid(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct agree_ring *ring = new_ring(KEY_COUNT - 1);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < KEY_COUNT - 1; i++) {
            uint8_t expected[HSM_CONTENT_KEY_BYTES];
            struct hsm_derive question = question_to(i, expected);
            assert_agrees(ring, &question, expected);
        }
    }
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = question_to(KEY_COUNT - 1, expected); /* retired, so to speak */
    assert_refused(ring, &question, ERR_NOT_FOUND);
    memcpy(question.kid, held[0].kid, sizeof question.kid);
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_OK);
    assert_memory_not_equal(content_key.data, expected, sizeof expected);
    agree_free(ring);
    ring = new_ring(0);
    assert_refused(ring, &question, ERR_NOT_FOUND);
    agree_free(ring);
}

static void set_hex(uint8_t coordinate[static 32], const char *hex) {
    assert_int_equal(codec_hex_decode(bytes_of_text(hex), coordinate, 32), ERR_OK);
}

#define PRIME "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"

static void what_is_no_point_of_the_curve_never_reaches_the_token(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char ones[] = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    /* The point with x = 0, and the same x once more in a form that is not reduced. */
    static const char y_of_zero[] =
        "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4";
    static const char *const bad[][2] = {
        {zero, zero},  {ones, ones},      {PRIME, PRIME},
        {zero, PRIME}, {y_of_zero, zero}, {PRIME, y_of_zero},
    };
    struct agree_ring *ring = new_ring(1);
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = question_to(0, expected), good = question;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set_hex(question.x, bad[i][0]);
        set_hex(question.y, bad[i][1]);
        assert_refused(ring, &question, ERR_CRYPTO);
    }
    for (size_t bit = 0; bit < 256; bit += 17) {
        question = good;
        question.y[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(ring, &question, ERR_CRYPTO);
    }
    assert_agrees(ring, &good, expected); /* a refusal leaves nothing behind */
    set_hex(question.x, zero);
    set_hex(question.y, y_of_zero);
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_OK);
    agree_free(ring);
}

static void the_parties_are_bound_into_the_key(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct agree_ring *ring = new_ring(1);
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    static const uint8_t party[HSM_PARTY_MAX + 1];
    struct hsm_derive question = question_to(0, expected);
    question.party_v = bytes_of_text("w");
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_OK);
    assert_memory_not_equal(content_key.data, expected, sizeof expected);
    question.party_v = bytes_of(party, sizeof party);
    SECRET(none);
    assert_int_equal(agree_derive(ring, &question, &none, &uses), ERR_TOO_LARGE);
    agree_free(ring);
}

/* RFC 7518 Appendix C with Bob's key in software; the content key is that for A256GCM. */
static EVP_PKEY *key_of_bob(void) {
    static const char d[] = "5449836690D75CAF29F0DD029DDB31B3DDB8ABA9D2D515C5012465E817D4A9DC";
    static const char point[] = "04C1E349CB61EC70248CE801034C3834E1B88EBE1161CB25AF38741F785FCFC4C4"
                                "7BC96708EF80952B53F8D2555FE72B841ED04588628B1D378A594939500EC9C9";
    uint8_t encoded[65];
    EVP_PKEY *key = NULL;
    BIGNUM *private_key = NULL;
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    assert_int_equal(codec_hex_decode(bytes_of_text(point), encoded, sizeof encoded), ERR_OK);
    assert_int_equal(BN_hex2bn(&private_key, d), 64);
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, private_key);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(making), 1);
    assert_int_equal(EVP_PKEY_fromdata(making, &key, EVP_PKEY_KEYPAIR, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(private_key);
    EVP_PKEY_CTX_free(making);
    return key;
}

static void the_keys_of_rfc_7518_agree(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    struct held bob = {.key = key_of_bob()};
    struct agree_ring *ring;
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = {.party_u = bytes_of_text("Alice"),
                                  .party_v = bytes_of_text("Bob")};
    certify(&bob, bob.key);
    set_hex(question.kid, "572E7B5EB02B52B5B435BA48D76B44CC31C0071330AD387A1C75D17A74A99C2A");
    assert_memory_equal(bob.kid, question.kid, sizeof bob.kid); /* RFC 7638 */
    set_hex(question.x, "808D060082C176EED3E776A4AC598CC8672C1779F974EECC9B03411CA5B9495D");
    set_hex(question.y, "48B5BFC527DFCE53D6AC7115237D031CCFF87A0570B77350A9E503EE7305A69B");
    set_hex(expected, "FD5A6362EE2EF39E51D8A9DDB2C98507390B5A8F6A3BC14AF47C47D1B58E3B60");
    assert_int_equal(agree_new(&ring), ERR_OK);
    assert_int_equal(agree_add(ring, bob.key, bob.certificate, 1), ERR_OK);
    assert_agrees(ring, &question, expected);
    agree_free(ring);
    EVP_PKEY_free(bob.key);
}

static void a_ring_has_its_bound_and_its_kind_of_key(void **state) {
    (void)state;
    struct agree_ring *ring = new_ring(0);
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *p384 = EVP_EC_gen("P-384");
    assert_int_equal(agree_add(ring, rsa, held[0].certificate, 1), ERR_CRYPTO);
    assert_int_equal(agree_add(ring, p384, held[0].certificate, 1), ERR_CRYPTO);
    assert_int_equal(agree_add(ring, held[0].key, bytes_of_text("no certificate"), 1), ERR_CRYPTO);
    for (int i = 0; i < 16; i++)
        assert_int_equal(agree_add(ring, held[0].key, held[0].certificate, 1), ERR_OK);
    assert_int_equal(agree_add(ring, held[0].key, held[0].certificate, 1), ERR_FULL);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(p384);
    agree_free(ring);
}

static void a_trial_tells_a_key_from_another(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    assert_int_equal(trial_deriving(held[0].key, held[0].certificate), ERR_OK);
    assert_int_equal(trial_deriving(held[0].key, held[1].certificate), ERR_CRYPTO);
}

/* A key made to sign does not agree, though the curve is the same. */
static void a_signing_key_agrees_on_nothing(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    const uint8_t id[TOKEN_RAW_ID_BYTES] = {0x77};
    struct held signing = {.key = NULL};
    EVP_PKEY *authority = EVP_EC_gen("P-256");
    assert_int_equal(token_raw_generate(token_session(token), TOKEN_RAW_P256_SIGN, id, "signs"),
                     ERR_OK);
    assert_int_equal(token_key(token, id, &signing.key), ERR_OK);
    certify(&signing, authority);
    assert_int_equal(trial_deriving(signing.key, signing.certificate), ERR_HSM);
    EVP_PKEY_free(signing.key);
    EVP_PKEY_free(authority);
}

static CK_FUNCTION_LIST *module_functions(void) {
    CK_FUNCTION_LIST *functions;
    CK_C_GetFunctionList get_function_list;
    *(void **)&get_function_list =
        dlsym(dlopen(hsm_box_module(), RTLD_NOW | RTLD_NOLOAD), "C_GetFunctionList");
    assert_int_equal(get_function_list(&functions), CKR_OK);
    return functions;
}

/* Last, as the token is of no use afterwards. */
static void a_module_that_fails_is_told_from_a_bad_point(void **state) {
    (void)state;
    HSM_BOX_NEEDS(CKM_ECDH1_DERIVE);
    CK_FUNCTION_LIST *functions = module_functions();
    CK_SLOT_ID slots[4];
    CK_ULONG slot_count = 4;
    struct agree_ring *ring = new_ring(1);
    uint8_t expected[HSM_CONTENT_KEY_BYTES];
    struct hsm_derive question = question_to(0, expected), bad = question;
    bad.y[0] ^= 1;
    assert_int_equal(functions->C_GetSlotList(CK_TRUE, slots, &slot_count), CKR_OK);
    assert_int_equal(functions->C_CloseAllSessions(slots[0]), CKR_OK);
    SECRET(content_key);
    uint64_t uses = 0;
    assert_int_equal(agree_derive(ring, &question, &content_key, &uses), ERR_HSM);
    assert_null(content_key.data);
    assert_refused(ring, &bad, ERR_CRYPTO);
    agree_free(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_and_sender_derive_the_same),
        cmocka_unit_test(several_keys_live_at_once_chosen_by_kid),
        cmocka_unit_test(what_is_no_point_of_the_curve_never_reaches_the_token),
        cmocka_unit_test(the_parties_are_bound_into_the_key),
        cmocka_unit_test(the_keys_of_rfc_7518_agree),
        cmocka_unit_test(a_ring_has_its_bound_and_its_kind_of_key),
        cmocka_unit_test(a_trial_tells_a_key_from_another),
        cmocka_unit_test(a_signing_key_agrees_on_nothing),
        cmocka_unit_test(a_module_that_fails_is_told_from_a_bad_point),
    };
    return cmocka_run_group_tests(tests, open_box, close_box);
}
