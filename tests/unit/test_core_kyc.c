#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "hsm/statement.h"
#include "authd/core/kyc.h"
#include "tests/unit/core_fixture.h"

#define TOKEN "262857117820347028021645134813734032"

/* The programme's key pair, the person, and a registry with her photo in it. */
static struct {
    struct store_directory directory;
    struct registry *registry;
    EVP_PKEY *programme;
    struct core core;
} box;

static int set_up(void **state) {
    (void)state;
    memset(&box.core, 0, sizeof box.core);
    box.directory = store_fixture_directory();
    box.core.settings = core_fixture_settings("languages = ara,fra,eng\n");
    box.core.record_keys = store_fixture_keys(1);
    box.programme = EVP_RSA_gen(2048);
    assert_non_null(box.programme);
    assert_int_equal(registry_open(&box.registry, box.directory.path, true, box.core.record_keys),
                     ERR_OK);
    box.core.registry = box.registry;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    registry_close(box.registry);
    record_keys_free(box.core.record_keys);
    EVP_PKEY_free(box.programme);
    store_fixture_remove(&box.directory);
    return 0;
}

static struct bytes image(size_t len) {
    static uint8_t memory[PHOTO_BYTES_MAX];
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (uint8_t)(i * 7 + (i >> 8));
    memcpy(memory, (const uint8_t[]){0xff, 0xd8, 0xff, 0xe0}, 4);
    return bytes_of(memory, len);
}

static void keep_photo(const struct request *request, struct bytes photo) {
    struct registry_batch batch = registry_begin(box.registry);
    uint64_t sequence;
    registry_put_photo(&batch, request->person_key, photo);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void allow(struct request *request, const char *name, bool masked) {
    struct policy_attribute *attribute =
        &request->policy.attributes[request->policy.attribute_count++];
    snprintf(attribute->name, sizeof attribute->name, "%s", name);
    attribute->masked = masked;
}

static struct request *asked(void) {
    struct request *request = core_fixture_about("amo-tadamon", 7, "1234567890");
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(box.programme, &der);
    assert_in_range(len, 1, sizeof request->partner.public_key);
    memcpy(request->partner.public_key, der, (size_t)len);
    request->partner.public_key_len = (uint16_t)len;
    OPENSSL_free(der);
    allow(request, "phone", false);
    return request;
}

static size_t unwrap(const struct statement *statement, uint8_t *key, size_t size) {
    EVP_PKEY_CTX *oaep = EVP_PKEY_CTX_new(box.programme, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(oaep), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(oaep, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(oaep, EVP_sha256()), 1);
    assert_int_equal(
        EVP_PKEY_decrypt(oaep, key, &size, statement->session_key.data, statement->session_key.len),
        1);
    EVP_PKEY_CTX_free(oaep);
    return size;
}

/* As the programme opens it. */
static json_t *open_identity(const struct statement *statement) {
    static uint8_t plain[STATEMENT_IDENTITY_MAX];
    uint8_t key[512], tag[16];
    size_t len = statement->identity.len - 32;
    const uint8_t *sealed = statement->identity.data;
    int written = 0, last = 0;
    assert_int_equal(unwrap(statement, key, sizeof key), 32);
    memcpy(tag, sealed + len, sizeof tag);
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, NULL, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL), 1);
    assert_int_equal(EVP_DecryptInit_ex(gcm, NULL, NULL, key, sealed + len + 16), 1);
    assert_int_equal(EVP_DecryptUpdate(gcm, plain, &written, sealed, (int)len), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, 16, tag), 1);
    assert_int_equal(EVP_DecryptFinal_ex(gcm, plain + written, &last), 1);
    EVP_CIPHER_CTX_free(gcm);
    json_t *identity = json_loadb((const char *)plain, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(identity);
    return identity;
}

/* Seals, opens and checks that member ${name} is ${photo}; empty: that there is no such member. */
static void assert_given(struct request *request, const char *name, struct bytes photo) {
    static char expected[PHOTO_BYTES_MAX * 4 / 3 + 8];
    assert_int_equal(kyc_seal(&box.core, request), ERR_OK);
    json_t *identity = open_identity(&request->statement);
    struct buffer text = buffer_over(expected, sizeof expected - 1);
    codec_base64(&text, photo);
    expected[text.len] = '\0';
    assert_string_equal(json_string_value(json_object_get(identity, "phoneNumber")),
                        request->identity->phone);
    if (photo.len > 0)
        assert_string_equal(json_string_value(json_object_get(identity, name)), expected);
    assert_int_equal(json_object_size(identity), photo.len > 0 ? 2 : 1);
    json_decref(identity);
    core_fixture_free(request);
}

static void the_photo_goes_under_the_policys_own_spelling(void **state) {
    (void)state;
    static const char *const names[] = {"photo", "face", "Photo", "FACE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct request *request = asked();
        keep_photo(request, image(1000 + i));
        allow(request, names[i], false);
        assert_given(request, names[i], image(1000 + i));
    }
}

static void a_policy_without_it_gives_no_photo(void **state) {
    (void)state;
    struct request *request = asked();
    keep_photo(request, image(1000));
    allow(request, "photograph", false);
    assert_given(request, "photo", bytes_of(NULL, 0));
}

static void a_masked_photo_is_left_out(void **state) {
    (void)state;
    struct request *request = asked();
    keep_photo(request, image(1000));
    allow(request, "photo", true);
    assert_given(request, "photo", bytes_of(NULL, 0));
}

static void a_photo_asked_for_twice_is_given_once(void **state) {
    (void)state;
    struct request *request = asked();
    keep_photo(request, image(PHOTO_BYTES_MAX));
    allow(request, "face", false);
    allow(request, "photo", false);
    assert_given(request, "face", image(PHOTO_BYTES_MAX));
}

static void a_person_without_a_photo_has_her_other_attributes(void **state) {
    (void)state;
    struct request *request = asked();
    allow(request, "photo", false);
    assert_given(request, "photo", bytes_of(NULL, 0));
}

/* A photo is her own, whatever attribute of that name the register may send. */
static void an_attribute_called_photo_is_not_the_photo(void **state) {
    (void)state;
    struct request *request = asked();
    request->identity->attributes[request->identity->attribute_count++] =
        (struct identity_attribute){.name = bytes_of_text("photo"),
                                    .value = bytes_of_text("holiday.jpg")};
    allow(request, "photo", false);
    assert_given(request, "photo", bytes_of(NULL, 0));
}

/* Where the policy does not ask for it, it is not even looked at. */
static void a_damaged_photo_is_not_taken_for_none(void **state) {
    (void)state;
    struct request *request = asked(), *other = asked();
    static const uint8_t garbage[200];
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    kv_put(&txn, REGISTRY_PHOTOS, bytes_of(request->person_key, sizeof request->person_key),
           bytes_of(garbage, sizeof garbage));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    allow(request, "photo", false);
    assert_int_equal(kyc_seal(&box.core, request), ERR_CORRUPT);
    assert_int_equal(request->statement.identity.len, 0);
    core_fixture_free(request);
    assert_given(other, "photo", bytes_of(NULL, 0));
}

/* As much text as a record holds, all of it to be escaped, beside the largest photo. */
static void the_largest_person_fits_into_an_answer(void **state) {
    (void)state;
    static char value[IDENTITY_PLAIN_MAX];
    static uint8_t body[STATEMENT_BODY_MAX];
    struct request *request = asked();
    struct statement *statement = &request->statement;
    struct buffer target = buffer_over(body, sizeof body);
    memset(value, '"', sizeof value);
    request->identity->attributes[request->identity->attribute_count++] =
        (struct identity_attribute){.name = bytes_of_text("addressLine1"),
                                    .language = "ara",
                                    .value = bytes_of(value, sizeof value)};
    keep_photo(request, image(PHOTO_BYTES_MAX));
    allow(request, "photo", false);
    allow(request, "addressLine1", false);
    assert_int_equal(kyc_seal(&box.core, request), ERR_OK);
    json_t *identity = open_identity(statement);
    assert_int_equal(json_string_length(json_object_get(identity, "addressLine1_ara")),
                     sizeof value);
    assert_int_equal(json_string_length(json_object_get(identity, "photo")),
                     (PHOTO_BYTES_MAX + 2) / 3 * 4);
    json_decref(identity);
    statement->kind = STATEMENT_KYC;
    statement->verdict = true;
    statement->response_time_ms = clock_wall_ms();
    snprintf(statement->token, sizeof statement->token, "%s", TOKEN);
    assert_int_equal(statement_write(statement, statement->response_time_ms, &target), ERR_OK);
    core_fixture_free(request);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_photo_goes_under_the_policys_own_spelling),
        TEST(a_policy_without_it_gives_no_photo),
        TEST(a_masked_photo_is_left_out),
        TEST(a_photo_asked_for_twice_is_given_once),
        TEST(a_person_without_a_photo_has_her_other_attributes),
        TEST(an_attribute_called_photo_is_not_the_photo),
        TEST(a_damaged_photo_is_not_taken_for_none),
        TEST(the_largest_person_fits_into_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
