#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/rsa.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "provisioning/demo/demo_certificate.h"
#include "provisioning/demo/demo_devices.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/programme/devices.h"

#define TIMESTAMP   "2024-01-15T10:20:30.123Z"
#define TRANSACTION "1234567890"

/* A folder with devices, the appliance's key for biometrics, and a person with captures. */
static char folder[] = "/tmp/idcs-device-XXXXXX";
static struct demo_certificate authority, appliance;
static struct kit kit;

static const char *const records[] = {"first-record", "second-record", "third-record"};
static const char *const files[] = {"right-1", "left-1", "iris-1"};

static void path_in(char path[static DEMO_FILE_PATH_SIZE], const char *name) {
    assert_int_equal(demo_file_path(path, folder, name), ERR_OK);
}

static void write_text(const char *name, const char *text) {
    char path[DEMO_FILE_PATH_SIZE];
    path_in(path, name);
    assert_int_equal(demo_file_write(path, bytes_of_text(text), DEMO_FILE_PUBLIC), ERR_OK);
}

static void write_kit(json_t *devices) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_JSON_CLEANUP json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:[{s:s, s:{s:[s,s], s:[s,s], s:[s,s]}}]}", "domain_uri",
        "https://idcs.example.org", "env", "Staging", "encryption_certificate", "fir.pem",
        "biometric_encryption_certificate", "fir.pem", "devices", devices, "people", "note",
        "ordinary", "biometrics", "Right IndexFinger", "none", files[0], "Left IndexFinger", "none",
        files[1], "Right", "none", files[2]);
    path_in(path, "kit.json");
    assert_int_equal(demo_file_write_json(path, document, DEMO_FILE_SECRET), ERR_OK);
}

static int make_kit(void **state) {
    (void)state;
    char path[DEMO_FILE_PATH_SIZE], from[DEMO_FILE_PATH_SIZE];
    json_t *devices = NULL;
    const struct demo_certificate_subject subject = {.common_name = "IDA-FIR",
                                                     .organisation = "test",
                                                     .key_usage = "critical,keyEncipherment",
                                                     .days = 1};
    assert_non_null(mkdtemp(folder));
    path_in(from, "from");
    assert_int_equal(demo_file_directory(from), ERR_OK);
    assert_int_equal(demo_devices_make(from), ERR_OK);
    assert_int_equal(demo_devices_hand_over(from, folder, &devices), ERR_OK);
    assert_int_equal(demo_certificate_authority("test", DEMO_KEY_RSA_2048, &authority), ERR_OK);
    assert_int_equal(demo_certificate_issue(&authority, DEMO_KEY_RSA_2048, &subject, &appliance),
                     ERR_OK);
    path_in(path, "fir.pem");
    assert_int_equal(demo_file_write_certificate(path, appliance.certificate), ERR_OK);
    for (size_t i = 0; i < 3; i++)
        write_text(files[i], records[i]);
    write_kit(devices);
    return kit_open(folder, &kit) == ERR_OK ? 0 : 1;
}

static int remove_kit(void **state) {
    (void)state;
    char command[128];
    kit_close(&kit);
    demo_certificate_free(&authority);
    demo_certificate_free(&appliance);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* ---- reference vectors (§2.11) ---- */

static void assert_hex(const uint8_t *data, size_t len, const char *hex) {
    char text[129];
    struct buffer target = buffer_over(text, sizeof text);
    codec_hex_upper(&target, bytes_of(data, len));
    assert_int_equal(target.err, ERR_OK);
    assert_int_equal(target.len, strlen(hex));
    assert_memory_equal(text, hex, target.len);
}

static void salt_and_additional_data_are_the_reference_s(void **state) {
    (void)state;
    struct device_salts salts;
    assert_int_equal(device_salts(TIMESTAMP, TRANSACTION, &salts), ERR_OK);
    assert_hex(salts.salt, sizeof salts.salt, "303A030209070518060A0A6A");
    assert_hex(salts.aad, sizeof salts.aad, "31355431303A030209070518060A0A6A");
}

static void a_transaction_longer_than_the_time_is_padded_the_other_way(void **state) {
    (void)state;
    struct device_salts one, other;
    assert_int_equal(device_salts(TIMESTAMP, "x2024-01-15T10:20:30.123Z", &one), ERR_OK);
    static const uint8_t zeros[DEVICE_AAD_BYTES];
    assert_memory_equal(one.aad, zeros, sizeof zeros);
    assert_int_equal(device_salts("short", "too", &other), ERR_TOO_LARGE);
}

static void a_record_is_sealed_as_in_the_reference(void **state) {
    (void)state;
    uint8_t key[DEVICE_KEY_BYTES], sealed[9 + DEVICE_TAG_BYTES];
    char text[64];
    struct buffer target = buffer_over(text, sizeof text);
    struct device_salts salts;
    for (uint8_t i = 0; i < sizeof key; i++)
        key[i] = i;
    assert_int_equal(device_salts(TIMESTAMP, TRANSACTION, &salts), ERR_OK);
    assert_int_equal(device_seal(key, &salts, bytes_of_text("hello-bdb"), sealed), ERR_OK);
    codec_base64url(&target, bytes_of(sealed, sizeof sealed));
    assert_true(bytes_equal_text(bytes_of(text, target.len), "SkAoAWxnosgzNn1yNdJUIAUXUacym3rt5g"));
}

static void the_hash_chain_is_the_reference_s(void **state) {
    (void)state;
    uint8_t chain[DEVICE_HASH_BYTES];
    device_chain_start(chain);
    device_chain_next(bytes_of_text("hello-bdb"), chain);
    assert_hex(chain, sizeof chain,
               "458D5D95AFE6ACEF5DBF3D323CA400C019AB443068B606927FD1D679368FDD20");
    device_chain_next(bytes_of_text("second-bdb"), chain);
    assert_hex(chain, sizeof chain,
               "32AA0FAF1C710822B6EA9D6F05CA3DF351A2FEF8BD443F018137E004BAF686E0");
}

/* ---- what a device gives, opened as the appliance does ---- */

static size_t decode(const char *text, size_t chars, uint8_t *target, size_t size) {
    size_t len = 0;
    assert_int_equal(codec_base64_decode(bytes_of(text, chars), CODEC_STRICT, target, size, &len),
                     ERR_OK);
    return len;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

/* Verifies the JWS with the certificate in it; its payload, which the caller frees. */
static json_t *open_jws(const char *jws, X509 **certificate) {
    static uint8_t memory[32768];
    const char *first = strchr(jws, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;
    assert_non_null(second);
    size_t len = decode(jws, (size_t)(first - jws), memory, sizeof memory);
    json_t *header = json_loadb((char *)memory, len, 0, NULL);
    assert_string_equal(text_of(header, "alg"), "RS256");
    const char *x5c = json_string_value(json_array_get(json_object_get(header, "x5c"), 0));
    len = decode(x5c, strlen(x5c), memory, sizeof memory);
    const uint8_t *at = memory;
    *certificate = d2i_X509(NULL, &at, (long)len);
    assert_non_null(*certificate);
    json_decref(header);
    uint8_t signature[512];
    size_t signature_len = decode(second + 1, strlen(second + 1), signature, sizeof signature);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, X509_get0_pubkey(*certificate)), 1);
    assert_int_equal(EVP_DigestVerify(digest, signature, signature_len, (const uint8_t *)jws,
                                      (size_t)(second - jws)),
                     1);
    EVP_MD_CTX_free(digest);
    len = decode(first + 1, (size_t)(second - first - 1), memory, sizeof memory);
    json_t *payload = json_loadb((char *)memory, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(payload);
    return payload;
}

static void unwrap(const char *text, uint8_t key[static DEVICE_KEY_BYTES]) {
    uint8_t wrapped[256], plain[256];
    size_t len = decode(text, strlen(text), wrapped, sizeof wrapped), plain_len = sizeof plain;
    EVP_PKEY_CTX *oaep = EVP_PKEY_CTX_new(appliance.key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(oaep), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(oaep, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(oaep, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_decrypt(oaep, plain, &plain_len, wrapped, len), 1);
    assert_int_equal(plain_len, DEVICE_KEY_BYTES);
    memcpy(key, plain, DEVICE_KEY_BYTES);
    EVP_PKEY_CTX_free(oaep);
}

/* By another library than the device's. */
static void assert_sealed(const json_t *element, const json_t *data, const char *record) {
    uint8_t key[DEVICE_KEY_BYTES], sealed[256], plain[256], expected[256];
    struct device_salts salts;
    unwrap(text_of(element, "sessionKey"), key);
    const char *value = text_of(data, "bioValue");
    size_t len = decode(value, strlen(value), sealed, sizeof sealed);
    assert_int_equal(len, strlen(record) + DEVICE_TAG_BYTES);
    assert_int_equal(
        device_salts(text_of(data, "timestamp"), text_of(data, "transactionId"), &salts), ERR_OK);
    assert_int_equal(device_seal(key, &salts, bytes_of_text(record), expected), ERR_OK);
    assert_memory_equal(sealed, expected, len);
    if (crypto_aead_aes256gcm_is_available() == 0)
        return;
    assert_int_equal(crypto_aead_aes256gcm_decrypt(plain, NULL, NULL, sealed, len, salts.aad,
                                                   sizeof salts.aad, salts.salt, key),
                     0);
    assert_memory_equal(plain, record, strlen(record));
}

static bool issued_by(X509 *certificate, const char *common_name) {
    char name[64];
    X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, name, sizeof name);
    return strcmp(name, common_name) == 0;
}

static json_t *take(const struct devices *devices, size_t fingers, size_t irises) {
    const json_t *person = NULL;
    json_t *biometrics = NULL;
    assert_int_equal(kit_person(&kit, "ordinary", &person), ERR_OK);
    const struct devices_capture capture = {.holder = person,
                                            .transaction_id = TRANSACTION,
                                            .domain_uri = "https://idcs.example.org",
                                            .number = 1,
                                            .finger_count = fingers,
                                            .iris_count = irises,
                                            .fingers = {"Right IndexFinger", "Left IndexFinger"},
                                            .irises = {"Right"}};
    assert_int_equal(devices_take(devices, &capture, &biometrics), ERR_OK);
    return biometrics;
}

static void a_capture_is_signed_sealed_and_chained(void **state) {
    (void)state;
    static const char *const types[][2] = {
        {"Finger", "Right IndexFinger"}, {"Finger", "Left IndexFinger"}, {"Iris", "Right"}};
    uint8_t chain[DEVICE_HASH_BYTES];
    struct devices devices;
    assert_int_equal(devices_open(&devices, &kit, true, true), ERR_OK);
    json_t *biometrics = take(&devices, 2, 1);
    assert_int_equal(json_array_size(biometrics), 3);
    device_chain_start(chain);
    for (size_t i = 0; i < 3; i++) {
        X509 *signer = NULL, *chip = NULL;
        const json_t *element = json_array_get(biometrics, i);
        json_t *data = open_jws(text_of(element, "data"), &signer);
        json_t *digital_id = open_jws(text_of(data, "digitalId"), &chip);
        assert_string_equal(text_of(data, "bioType"), types[i][0]);
        assert_string_equal(text_of(data, "bioSubType"), types[i][1]);
        assert_string_equal(text_of(data, "env"), "Staging");
        assert_string_equal(text_of(data, "domainUri"), "https://idcs.example.org");
        assert_string_equal(text_of(data, "purpose"), "Auth");
        assert_string_equal(text_of(digital_id, "type"), types[i][0]);
        assert_true(json_object_size(digital_id) == 8);
        assert_true(issued_by(signer, "Demo device CA"));
        assert_true(issued_by(chip, i < 2 ? "Demo device CA" : "Demo FTM CA"));
        assert_sealed(element, data, records[i]);
        device_chain_next(bytes_of_text(records[i]), chain);
        assert_hex(chain, sizeof chain, text_of(element, "hash"));
        json_decref(data);
        json_decref(digital_id);
        X509_free(signer);
        X509_free(chip);
    }
    json_decref(biometrics);
    devices_close(&devices);
}

static void every_capture_has_a_key_of_its_own(void **state) {
    (void)state;
    uint8_t one[DEVICE_KEY_BYTES], other[DEVICE_KEY_BYTES];
    struct devices devices;
    assert_int_equal(devices_open(&devices, &kit, true, false), ERR_OK);
    json_t *biometrics = take(&devices, 2, 0);
    unwrap(text_of(json_array_get(biometrics, 0), "sessionKey"), one);
    unwrap(text_of(json_array_get(biometrics, 1), "sessionKey"), other);
    assert_memory_not_equal(one, other, sizeof one);
    json_decref(biometrics);
    devices_close(&devices);
}

static void what_the_kit_has_not_cannot_be_captured(void **state) {
    (void)state;
    struct devices devices;
    struct device *face = NULL;
    const json_t *person = NULL;
    json_t *biometrics = NULL;
    assert_int_equal(device_open(&face, &kit, "Face"), ERR_NOT_FOUND);
    assert_int_equal(kit_person(&kit, "ordinary", &person), ERR_OK);
    assert_int_equal(devices_open(&devices, &kit, true, false), ERR_OK);
    struct devices_capture capture = {.holder = person,
                                      .transaction_id = TRANSACTION,
                                      .domain_uri = "",
                                      .number = 2,
                                      .finger_count = 1,
                                      .fingers = {"Right IndexFinger"}};
    assert_int_equal(devices_take(&devices, &capture, &biometrics), ERR_NOT_FOUND);
    assert_null(biometrics);
    capture.number = 1;
    capture.fingers[0] = "Left Thumb";
    assert_int_equal(devices_take(&devices, &capture, &biometrics), ERR_NOT_FOUND);
    devices_close(&devices);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(salt_and_additional_data_are_the_reference_s),
        cmocka_unit_test(a_transaction_longer_than_the_time_is_padded_the_other_way),
        cmocka_unit_test(a_record_is_sealed_as_in_the_reference),
        cmocka_unit_test(the_hash_chain_is_the_reference_s),
        cmocka_unit_test(a_capture_is_signed_sealed_and_chained),
        cmocka_unit_test(every_capture_has_a_key_of_its_own),
        cmocka_unit_test(what_the_kit_has_not_cannot_be_captured),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_kit, remove_kit);
}
