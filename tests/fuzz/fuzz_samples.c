/*
 * The biometrics of a request. The first byte says what the rest is: the list as a caller writes
 * it, of which nothing can be trusted, or the data block of one segment that a device of our own
 * signs, seals and chains, so that nothing but its record can be wrong. What unseal says is a
 * message that core's reader accepts and writes again in the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "firmware/base/frame.h"
#include "authd/match/face_vector.h"
#include "authd/match/finger.h"
#include "authd/match/iris_code.h"
#include "authd/unseal/worker.h"
#include "tests/lib/device_sample.h"

#define BLOCK_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct device_signer signer;
static uint8_t certificate_memory[2048];
static int64_t now_ms;

/* A key that certifies itself, and is its own anchor in both domains. */
static void make_signer(void) {
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    uint8_t *at = certificate_memory;
    signer.key = EVP_RSA_gen(2048);
    require(certificate != NULL && name != NULL && signer.key != NULL);
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"device", -1, -1,
                                       0) == 1);
    now_ms = (int64_t)time(NULL) * 1000;
    require(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) != NULL &&
            X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL &&
            X509_set_subject_name(certificate, name) == 1 &&
            X509_set_issuer_name(certificate, name) == 1 &&
            X509_set_pubkey(certificate, signer.key) == 1 &&
            X509_sign(certificate, signer.key, EVP_sha256()) > 0);
    int len = i2d_X509(certificate, NULL);
    require(len > 0 && (size_t)len <= sizeof certificate_memory);
    signer.certificate = bytes_of(certificate_memory, (size_t)i2d_X509(certificate, &at));
    X509_NAME_free(name);
    X509_free(certificate);
}

static void open_worker(void) {
    static bool opened;
    if (opened)
        return;
    require(worker_open() == ERR_OK);
    make_signer();
    opened = true;
}

static struct samples samples;

static void ask(const struct samples_question *question) {
    static uint8_t asked[FRAME_PAYLOAD_MAX], again[FRAME_PAYLOAD_MAX];
    static uint8_t said[FRAME_PAYLOAD_MAX];
    struct buffer target = buffer_over(asked, sizeof asked);
    struct buffer rewritten = buffer_over(again, sizeof again);
    struct frame frame = {.type = UNSEAL_SAMPLES}, answer;
    sample_wire_put_question(&target, question);
    require(buffer_end(&target, &frame.payload) == ERR_OK);
    require(worker_answer(&frame, &answer) == ERR_OK);
    memcpy(said, answer.payload.data, answer.payload.len);
    struct bytes message = bytes_of(said, answer.payload.len);
    worker_forget();
    require(sample_wire_get_samples(message, &samples) == ERR_OK);
    sample_wire_put_samples(&rewritten, &samples);
    require(bytes_equal(message, bytes_of(again, rewritten.len)));
}

static void try_list(struct bytes text) {
    struct samples_question question = {.text = text, .now_ms = now_ms, .key_count = 1};
    question.device_anchor_count = question.ftm_anchor_count = 1;
    question.device_anchors[0] = question.ftm_anchors[0] = signer.certificate;
    if (text.len == 0)
        return;
    ask(&question);
    for (size_t i = 0; i < samples.count; i++)
        require(!samples.samples[i].data_trusted && samples.samples[i].kind == SAMPLE_NONE);
}

static void check(const struct sample *sample) {
    static struct finger_prepared prepared;
    static struct iris_code code;
    static struct face_vector vector;
    require(sample->data_trusted && sample->digital_id_trusted);
    require(sample->opened && sample->chained);
    if (sample->kind == SAMPLE_MINUTIAE)
        require(finger_prepare(&sample->minutiae, &prepared) == ERR_OK);
    if (sample->kind == SAMPLE_IRIS_CODE)
        require(iris_code_read(sample->data, &code) == ERR_OK);
    if (sample->kind == SAMPLE_FACE_VECTOR)
        require(face_vector_read(sample->data, &vector) == ERR_OK);
}

static void try_block(struct bytes block, uint8_t kind) {
    static const char *const kinds[][2] = {{"FMR", "Left Thumb"}, {"Finger", "UNKNOWN"},
                                           {"Iris", "Left"},      {"Iris", "UNKNOWN"},
                                           {"Face", NULL},        {"Palm", NULL}};
    static struct device_sample sample;
    static char text[EDGE_BODY_MAX];
    struct samples_question question;
    const char *const *names = kinds[kind % (sizeof kinds / sizeof *kinds)];
    struct device_segment segment = {.type = names[0],
                                     .part = names[1],
                                     .block = block,
                                     .data_signer = &signer,
                                     .id_signer = &signer};
    if (block.len == 0 || block.len > BLOCK_MAX)
        return;
    device_sample_begin(&sample);
    device_sample_add(&sample, &segment);
    struct bytes list = device_sample_text(&sample, text, sizeof text);
    device_sample_question(&sample, list, now_ms, &question);
    question.device_anchor_count = question.ftm_anchor_count = 1;
    question.device_anchors[0] = question.ftm_anchors[0] = signer.certificate;
    ask(&question);
    require(samples.count == 1);
    check(&samples.samples[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    open_worker();
    if (size == 0)
        return 0;
    struct bytes rest = bytes_of(data + 1, size - 1);
    if (data[0] == '[')
        try_list(bytes_of(data, size));
    else
        try_block(rest, data[0]);
    return 0;
}
