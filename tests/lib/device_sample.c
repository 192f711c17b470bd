#include "tests/lib/device_sample.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "firmware/base/codec.h"

#define PAYLOAD_SIZE  (160u * 1024u)
#define HEADER_SIZE   8192
#define SIGNATURE_MAX 512
#define TAG_BYTES     16
#define XOR_BYTES     64

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct bytes end_of(const struct buffer *buffer) {
    struct bytes written = {0};
    require(buffer_end(buffer, &written) == ERR_OK);
    return written;
}

/* ---- signatures ---- */

static void append_header(struct buffer *target, const struct device_signer *signer) {
    static uint8_t memory[HEADER_SIZE];
    struct buffer header = buffer_over(memory, sizeof memory);
    buffer_format(&header, "{\"alg\":\"RS256\",\"x5c\":[\"");
    codec_base64(&header, signer->certificate);
    buffer_format(&header, "\"]}");
    codec_base64url(target, end_of(&header));
}

static void apply(struct bytes payload, const struct device_change *change) {
    if (change->old == NULL)
        return;
    uint8_t *at = memmem(payload.data, payload.len, change->old, strlen(change->old));
    require(at != NULL && strlen(change->old) == strlen(change->new));
    memcpy(at, change->new, strlen(change->new));
}

/* header "." payload "." signature; the change comes between signature and payload. */
static void append_signed(struct buffer *target, const struct device_signer *signer,
                          struct bytes payload, const struct device_change *change) {
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof signature, start = target->len;
    append_header(target, signer);
    buffer_raw(target, ".", 1);
    size_t payload_start = target->len;
    codec_base64url(target, payload);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL && target->err == ERR_OK &&
            EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key) == 1 &&
            EVP_DigestSign(context, signature, &len, target->data + start, target->len - start) ==
                1);
    EVP_MD_CTX_free(context);
    apply(payload, change);
    target->len = payload_start;
    codec_base64url(target, payload);
    buffer_raw(target, ".", 1);
    codec_base64url(target, bytes_of(signature, len));
}

static void append_digital_id(struct buffer *target, const struct device_segment *segment) {
    static uint8_t memory[PAYLOAD_SIZE];
    struct buffer payload = buffer_over(memory, sizeof memory);
    buffer_format(&payload,
                  "{\"serialNo\":\"S1\",\"make\":\"M1\",\"model\":\"M2\",\"type\":\"%s\","
                  "\"deviceSubType\":\"Single\",\"deviceProvider\":\"P1\","
                  "\"deviceProviderId\":\"P2\",\"dateTime\":\"%s\"}",
                  segment->type, segment->timestamp);
    append_signed(target, segment->id_signer, end_of(&payload), &segment->id_change);
}

/* ---- what is sealed ---- */

/* Left-padded with zero bytes, then by exclusive or: as the text says, not as the product does. */
static size_t combine(const char *timestamp, const char *transaction_id, uint8_t out[XOR_BYTES]) {
    size_t one = strlen(timestamp), other = strlen(transaction_id);
    size_t len = one > other ? one : other;
    require(len <= XOR_BYTES);
    for (size_t i = 0; i < len; i++) {
        uint8_t left = i < len - one ? 0 : (uint8_t)timestamp[i - (len - one)];
        uint8_t right = i < len - other ? 0 : (uint8_t)transaction_id[i - (len - other)];
        out[i] = left ^ right;
    }
    return len;
}

static void append_sealed(struct buffer *target, const struct device_segment *segment,
                          const uint8_t key[static SAMPLE_KEY_BYTES]) {
    static uint8_t sealed[PAYLOAD_SIZE];
    uint8_t mixed[XOR_BYTES];
    int len = 0, rest = 0, block_len = (int)segment->block.len;
    size_t mixed_len = combine(segment->timestamp, segment->transaction_id, mixed);
    require(mixed_len >= 16 && segment->block.len <= sizeof sealed - TAG_BYTES);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    require(context != NULL &&
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, mixed + mixed_len - 12) ==
                1 &&
            EVP_EncryptUpdate(context, NULL, &len, mixed + mixed_len - 16, 16) == 1 &&
            EVP_EncryptUpdate(context, sealed, &len, segment->block.data, block_len) == 1 &&
            EVP_EncryptFinal_ex(context, sealed + len, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, sealed + len) == 1);
    EVP_CIPHER_CTX_free(context);
    codec_base64url(target, bytes_of(sealed, (size_t)len + TAG_BYTES));
}

static struct bytes write_data(const struct device_segment *segment,
                               const uint8_t key[static SAMPLE_KEY_BYTES]) {
    static uint8_t memory[PAYLOAD_SIZE];
    struct buffer payload = buffer_over(memory, sizeof memory);
    buffer_format(&payload, "{\"digitalId\":\"");
    append_digital_id(&payload, segment);
    buffer_format(&payload,
                  "\",\"deviceCode\":\"D1\",\"deviceServiceVersion\":\"0.9.5\",\"bioType\":\"%s\","
                  "\"bioSubType\":",
                  segment->type);
    if (segment->part != NULL)
        buffer_format(&payload, "\"%s\"", segment->part);
    else
        buffer_format(&payload, "null");
    buffer_format(&payload,
                  ",\"transactionId\":\"%s\",\"timestamp\":\"%s\",\"purpose\":\"Auth\","
                  "\"env\":\"Staging\",\"domainUri\":\"https://a\",\"version\":\"1.0\","
                  "\"bioValue\":\"",
                  segment->transaction_id, segment->timestamp);
    append_sealed(&payload, segment, key);
    buffer_format(&payload, "\"}");
    return end_of(&payload);
}

/* ---- the list ---- */

void device_sample_begin(struct device_sample *sample) {
    sample->count = 0;
    sample->written = buffer_over(sample->memory, sizeof sample->memory);
    SHA256(NULL, 0, sample->link);
}

static void lengthen(uint8_t link[static 32], struct bytes block) {
    uint8_t both[64];
    memcpy(both, link, 32);
    SHA256(block.data, block.len, both + 32);
    SHA256(both, sizeof both, link);
}

void device_sample_add(struct device_sample *sample, const struct device_segment *segment) {
    static const uint8_t wrapped[BIOMETRIC_KEY_BYTES];
    struct device_segment told = *segment;
    require(sample->count < BIOMETRIC_SEGMENTS_MAX);
    struct device_element *element = &sample->elements[sample->count++];
    struct buffer *target = &sample->written;
    if (told.timestamp == NULL)
        told.timestamp = DEVICE_SAMPLE_TIME;
    if (told.transaction_id == NULL)
        told.transaction_id = DEVICE_SAMPLE_TRANSACTION;
    memset(element->key, (int)sample->count, sizeof element->key);
    lengthen(sample->link, told.block);
    element->at = target->len;
    buffer_format(target, "{\"specVersion\":\"1.0\",\"data\":\"");
    append_signed(target, told.data_signer, write_data(&told, element->key), &told.data_change);
    buffer_format(target, "\",\"hash\":\"");
    codec_hex_upper(target, bytes_of(sample->link, sizeof sample->link));
    buffer_format(target, "\",\"sessionKey\":\"");
    codec_base64url(target, bytes_of(wrapped, sizeof wrapped));
    buffer_format(target, "\",\"thumbprint\":\"");
    codec_hex_upper(target, bytes_of(sample->link, sizeof sample->link));
    buffer_format(target, "\"}");
    element->len = target->len - element->at;
}

struct bytes device_sample_text(const struct device_sample *sample, char *text, size_t size) {
    struct buffer target = buffer_over(text, size);
    require(sample->written.err == ERR_OK);
    buffer_raw(&target, "[", 1);
    for (size_t i = 0; i < sample->count; i++) {
        buffer_raw(&target, ",", i > 0);
        buffer_raw(&target, sample->memory + sample->elements[i].at, sample->elements[i].len);
    }
    buffer_raw(&target, "]", 1);
    return end_of(&target);
}

void device_sample_question(const struct device_sample *sample, struct bytes text, int64_t now_ms,
                            struct samples_question *question) {
    *question =
        (struct samples_question){.text = text, .now_ms = now_ms, .key_count = sample->count};
    for (size_t i = 0; i < sample->count; i++)
        memcpy(question->keys[i], sample->elements[i].key, SAMPLE_KEY_BYTES);
}

/* ---- containers ---- */

size_t device_sample_iris(uint8_t eye, uint8_t *memory, size_t size) {
    struct buffer target = buffer_over(memory, size);
    buffer_raw(&target, "IRC", 4);
    buffer_u8(&target, 1);
    buffer_u8(&target, eye);
    buffer_u8(&target, 8); /* rings, planes and columns: 2048 bits */
    buffer_u8(&target, 2);
    buffer_u16(&target, 128);
    buffer_u16(&target, 0);
    buffer_raw(&target, "model of a test", 16);
    for (size_t i = 0; i < 512; i++)
        buffer_u8(&target, i < 256 ? 0x5a : 0xff);
    return end_of(&target).len;
}

size_t device_sample_face(uint8_t *memory, size_t size) {
    struct buffer target = buffer_over(memory, size);
    buffer_raw(&target, "FVC", 4);
    buffer_u8(&target, 1);
    buffer_u8(&target, 2);
    buffer_u16(&target, 128);
    buffer_raw(&target, "model of a test", 16);
    for (size_t i = 0; i < 128; i++)
        buffer_u8(&target, (uint8_t)(i + 1));
    return end_of(&target).len;
}
