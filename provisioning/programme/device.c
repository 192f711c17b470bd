#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/device.h"

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/programme/mosip_sealing.h"

enum { TEXT_MAX = 64 };

struct device {
    const struct kit *kit;
    const json_t *digital_id;     /* inside the kit */
    struct kit_signer data, chip; /* the chip of a device that has none is all zeroes */
    X509 *encryption_certificate; /* the appliance's, for biometrics */
};

enum err device_open(struct device **device, const struct kit *kit, const char *type) {
    const json_t *entry = NULL;
    struct device *made = calloc(1, sizeof(*made));
    enum err result = made != NULL ? kit_device(kit, type, &entry) : ERR_FULL;
    if (result == ERR_OK) {
        made->kit = kit;
        made->digital_id = json_object_get(entry, "digital_id");
        result = kit_signer_open(kit, entry, "p12", &made->data);
    }
    if (result == ERR_OK && json_object_get(entry, "ftm_p12") != NULL)
        result = kit_signer_open(kit, entry, "ftm_p12", &made->chip);
    if (result == ERR_OK)
        result =
            kit_certificate(kit, "biometric_encryption_certificate", &made->encryption_certificate);
    if (result != ERR_OK) {
        device_close(made);
        return result;
    }
    *device = made;
    return ERR_OK;
}

void device_close(struct device *device) {
    if (device == NULL)
        return;
    kit_signer_close(&device->data);
    kit_signer_close(&device->chip);
    X509_free(device->encryption_certificate);
    free(device);
}

void device_chain_start(uint8_t chain[static DEVICE_HASH_BYTES]) {
    SHA256(NULL, 0, chain);
}

void device_chain_next(struct bytes record, uint8_t chain[static DEVICE_HASH_BYTES]) {
    uint8_t joined[2 * DEVICE_HASH_BYTES];
    memcpy(joined, chain, DEVICE_HASH_BYTES);
    SHA256(record.data, record.len, joined + DEVICE_HASH_BYTES);
    SHA256(joined, sizeof(joined), chain);
}

enum err device_salts(const char *timestamp, const char *transaction_id,
                      struct device_salts *salts) {
    uint8_t mixed[TEXT_MAX] = {0};
    const char *const texts[] = {timestamp, transaction_id};
    size_t len = 0;
    for (size_t i = 0; i < 2; i++)
        len = strlen(texts[i]) > len ? strlen(texts[i]) : len;
    if (len > TEXT_MAX || len < DEVICE_AAD_BYTES)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < 2; i++) /* both end at the same place */
        for (size_t at = 0; at < strlen(texts[i]); at++)
            mixed[len - strlen(texts[i]) + at] ^= (uint8_t)texts[i][at];
    memcpy(salts->salt, mixed + len - DEVICE_SALT_BYTES, DEVICE_SALT_BYTES);
    memcpy(salts->aad, mixed + len - DEVICE_AAD_BYTES, DEVICE_AAD_BYTES);
    return ERR_OK;
}

enum err device_seal(const uint8_t key[static DEVICE_KEY_BYTES], const struct device_salts *salts,
                     struct bytes record, uint8_t *sealed) {
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    bool done =
        gcm != NULL && EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, key, salts->salt) == 1 &&
        EVP_EncryptUpdate(gcm, NULL, &len, salts->aad, DEVICE_AAD_BYTES) == 1 &&
        EVP_EncryptUpdate(gcm, sealed, &len, record.data, (int)record.len) == 1 &&
        EVP_EncryptFinal_ex(gcm, sealed + len, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, DEVICE_TAG_BYTES, sealed + record.len) == 1;
    EVP_CIPHER_CTX_free(gcm);
    return done ? ERR_OK : ERR_CRYPTO;
}

static char *bio_value(const uint8_t key[static DEVICE_KEY_BYTES], const char *timestamp,
                       const struct device_capture *capture) {
    struct device_salts salts;
    uint8_t *sealed = malloc(capture->record.len + DEVICE_TAG_BYTES);
    char *text = NULL;
    if (sealed != NULL && device_salts(timestamp, capture->transaction_id, &salts) == ERR_OK &&
        device_seal(key, &salts, capture->record, sealed) == ERR_OK)
        text = mosip_sealing_base64url(bytes_of(sealed, capture->record.len + DEVICE_TAG_BYTES));
    free(sealed);
    return text;
}

/* A JWS over ${document}, which it takes. */
static char *sign_json(const struct kit_signer *signer, json_t *document) {
    char *text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;
    char *jws = text != NULL ? mosip_sealing_sign(signer->key, signer->certificate,
                                                  bytes_of_text(text), false)
                             : NULL;
    json_decref(document);
    free(text);
    return jws;
}

/* Who the device is, said by its chip, or by itself when it has none. */
static char *digital_id(const struct device *device, const char *timestamp) {
    json_t *document = json_copy((json_t *)(uintptr_t)device->digital_id);
    const struct kit_signer *signer = device->chip.key != NULL ? &device->chip : &device->data;
    if (document != NULL)
        json_object_set_new(document, "dateTime", json_string(timestamp));
    return sign_json(signer, document);
}

static char *signed_data(const struct device *device, const struct device_capture *capture,
                         const uint8_t key[static DEVICE_KEY_BYTES]) {
    char timestamp[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ms(), timestamp);
    char *id = digital_id(device, timestamp), *value = bio_value(key, timestamp, capture);
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "digitalId", id,
        "deviceCode", json_string_value(json_object_get(device->digital_id, "serialNo")),
        "deviceServiceVersion", "0.9.5", "bioType", capture->type, "bioSubType", capture->sub_type,
        "bioValue", value, "transactionId", capture->transaction_id, "timestamp", timestamp,
        "purpose", "Auth", "env", device->kit->environment, "domainUri", capture->domain_uri,
        "version", "1.0", "requestedScore", 60, "qualityScore", 80);
    free(id);
    free(value);
    return sign_json(&device->data, document);
}

enum err device_capture(const struct device *device, const struct device_capture *capture,
                        uint8_t chain[static DEVICE_HASH_BYTES], json_t *biometrics) {
    uint8_t key[DEVICE_KEY_BYTES];
    char hex[2 * DEVICE_HASH_BYTES + 1] = "";
    struct buffer hash = buffer_over(hex, 2 * DEVICE_HASH_BYTES);
    if (RAND_bytes(key, sizeof(key)) != 1)
        return ERR_CRYPTO;
    device_chain_next(capture->record, chain);
    codec_hex_upper(&hash, bytes_of(chain, DEVICE_HASH_BYTES));
    char *data = signed_data(device, capture, key);
    char *session_key = mosip_sealing_wrap(device->encryption_certificate, key);
    char *thumbprint = mosip_sealing_thumbprint(device->encryption_certificate);
    OPENSSL_cleanse(key, sizeof(key));
    json_t *element = json_pack("{s:s, s:s, s:s, s:s, s:s}", "specVersion", "1.0", "data", data,
                                "hash", hex, "sessionKey", session_key, "thumbprint", thumbprint);
    free(data);
    free(session_key);
    free(thumbprint);
    return json_array_append_new(biometrics, element) == 0 ? ERR_OK : ERR_CRYPTO;
}
