#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "firmware/base/frame.h"
#include "authd/unseal/worker.h"
#include "authd/wire/jose_wire.h"
#include "tests/lib/device_sample.h"
#include "tests/unit/jose_sample.h"
#include "tests/unit/record_sample.h"
#include "tests/unit/unsealed_sample.h"

/*
 * All of a person in the largest body that edge takes, with as many anchors as there may be, on its
 * whole way through a worker.
 */
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define OTHER_MEMBERS   1600 /* of the body, beside `request` */
#define SEGMENT_CHARS   8000 /* more than one takes without its value */
#define ANCHOR_BYTES    3072
#define JOSE_HEADER     "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSJ9"
#define PLAINTEXT_MAX   ((EDGE_BODY_MAX - OTHER_MEMBERS) / 4 * 3 - 32)

static struct sample_holder device;
static struct device_sample made;
static char list[EDGE_BODY_MAX], plaintext[EDGE_BODY_MAX];
static uint8_t question_memory[FRAME_PAYLOAD_MAX];
static struct samples samples;
static struct biometric_segments segments;

static int open_worker(void **state) {
    (void)state;
    struct sample_subject subject = {.name = "device", .bits = 2048};
    sample_certify(&subject, NULL, &device);
    return worker_open() == ERR_OK ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    sample_free(&device);
    worker_close();
    return 0;
}

static void add(const char *type, const char *part, struct bytes block) {
    struct device_signer signer = {device.key, sample_der(&device)};
    struct device_segment segment = {
        .type = type, .part = part, .block = block, .data_signer = &signer, .id_signer = &signer};
    device_sample_add(&made, &segment);
}

/* A face's image that takes what room is left. */
static struct bytes image_of(size_t len) {
    static uint8_t image[EDGE_BODY_MAX];
    struct buffer target = buffer_over(image, sizeof image);
    memset(image, 0x5a, sizeof image);
    buffer_raw(&target,
               "FAC\0"
               "010",
               8);
    buffer_u32(&target, (uint32_t)len);
    buffer_u16(&target, 1);
    buffer_u32(&target, (uint32_t)(len - 14));
    return bytes_of(image, len);
}

static struct bytes write_list(void) {
    static const char *const fingers[] = {
        "Right Thumb",        "Right IndexFinger", "Right MiddleFinger", "Right RingFinger",
        "Right LittleFinger", "Left Thumb",        "Left IndexFinger",   "Left MiddleFinger",
        "Left RingFinger",    "Left LittleFinger"};
    static uint8_t memory[8192];
    struct record_sample record = record_sample(BIOMETRIC_ISO_19794_2_2011);
    record.views = 1;
    record.positions[0] = 0;
    device_sample_begin(&made);
    for (size_t i = 0; i < COUNT_OF(fingers); i++)
        add("FMR", fingers[i], record_sample_write(&record, memory, sizeof memory));
    for (uint8_t eye = 1; eye <= 2; eye++)
        add("Iris", eye == 1 ? "Right" : "Left",
            bytes_of(memory, device_sample_iris(eye, memory, sizeof memory)));
    size_t left = PLAINTEXT_MAX - made.written.len - SEGMENT_CHARS;
    add("Face", NULL, image_of(left / 16 * 9));
    return device_sample_text(&made, list, sizeof list);
}

static void assert_handed_on(const struct payload *payload, struct bytes text) {
    assert_true(payload->has_biometrics && bytes_equal(payload->biometrics_text, text));
    assert_int_equal(sample_wire_get_segments(payload->biometric_segments, &segments), ERR_OK);
    assert_int_equal(segments.count, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < segments.count; i++) {
        assert_true(segments.segments[i].device.jws.is_json);
        assert_true(segments.segments[i].bio_value.data.len > 0);
    }
    assert_int_equal(segments.segments[12].capture, BIOMETRIC_CAPTURE_FACE);
}

static struct frame answer_to(uint16_t type, const struct buffer *target) {
    struct frame question = {.type = type}, answer;
    assert_int_equal(buffer_end(target, &question.payload), ERR_OK);
    assert_int_equal(worker_answer(&question, &answer), ERR_OK);
    return answer;
}

static struct bytes write_plaintext(const char *before, struct bytes text) {
    int len = snprintf(plaintext, sizeof plaintext, "{%s,\"biometrics\":%.*s}", before,
                       (int)text.len, (const char *)text.data);
    assert_true(len > 0 && (size_t)len < sizeof plaintext);
    return bytes_of(plaintext, (size_t)len);
}

static void ask_about_payload(struct bytes opened, struct payload *payload) {
    static uint8_t sealed[EDGE_BODY_MAX], hmac[256];
    static const uint8_t iv[16];
    struct unseal_payload question = {.content_key = {7}};
    struct buffer target = buffer_over(question_memory, sizeof question_memory);
    question.request =
        bytes_of(sealed, sample_seal(question.content_key, iv, opened, sealed, sizeof sealed));
    question.request_hmac =
        bytes_of(hmac, sample_seal_hash(question.content_key, iv, opened, hmac, sizeof hmac));
    unseal_wire_put_payload_question(&target, &question);
    struct frame answer = answer_to(UNSEAL_PAYLOAD, &target);
    assert_int_equal(unseal_wire_get_payload(answer.payload, payload), ERR_OK);
    assert_true(payload->is_json);
}

static void mosip_hands_on_all_of_a_person(void **state) {
    (void)state;
    static struct payload payload;
    struct bytes text = write_list();
    struct bytes opened = write_plaintext("\"timestamp\":\"2024-01-15T10:20:30.123Z\"", text);
    assert_in_range(opened.len, PLAINTEXT_MAX - 8192, PLAINTEXT_MAX);
    ask_about_payload(opened, &payload);
    assert_handed_on(&payload, text);
    worker_forget();
}

static void a_header_of_any_size_costs_its_segment_alone(void **state) {
    (void)state;
    static char header[EDGE_BODY_MAX], encoded[EDGE_BODY_MAX], text[EDGE_BODY_MAX];
    static struct payload payload;
    struct buffer target = buffer_over(encoded, sizeof encoded);
    static const char before[] = "{\"alg\":\"RS256\",\"x5c\":[\"\\u004d";
    size_t len = PLAINTEXT_MAX / 4 * 3 - 400;
    memset(header, 'A', len);
    memcpy(header, before, sizeof before - 1);
    memcpy(header + len - 3, "\"]}", 3);
    codec_base64url(&target, bytes_of(header, len));
    assert_int_equal(target.err, ERR_OK);
    int text_len = snprintf(text, sizeof text, "[{\"data\":\"\\u0065%.*s.e30.AAAA\"},{}]",
                            (int)target.len - 1, encoded + 1);
    struct bytes opened = write_plaintext("\"otp\":\"123456\"", bytes_of(text, (size_t)text_len));
    assert_true(encoded[0] == 'e' && opened.len <= PLAINTEXT_MAX);
    ask_about_payload(opened, &payload);
    assert_true(payload.otp_well_formed && payload.biometrics_text.len == (size_t)text_len);
    assert_int_equal(sample_wire_get_segments(payload.biometric_segments, &segments), ERR_OK);
    assert_int_equal(segments.count, 2);
    assert_int_equal(segments.segments[0].data.shape, JWS_MALFORMED);
    worker_forget();
}

static void jose_hands_on_all_of_a_person(void **state) {
    (void)state;
    static uint8_t ciphertext[EDGE_BODY_MAX];
    static struct jose_sealed read;
    struct jose_sealed_question question = {.content_key = {7},
                                            .protected_header = bytes_of_text(JOSE_HEADER)};
    struct buffer target = buffer_over(question_memory, sizeof question_memory);
    struct bytes text = write_list();
    struct bytes opened = write_plaintext(
        "\"aud\":\"idcs\",\"iss\":\"tayssir\",\"txn\":\"1234567890\",\"nonce\":"
        "\"AAAAAAAAAAAAAAAAAAAAAA\",\"device\":\"d\",\"individualId\":\"5938714605\","
        "\"individualIdType\":\"UIN\",\"iat\":1705314030",
        text);
    struct jose_sample_sealing sealing = {.key = question.content_key,
                                          .iv = question.iv,
                                          .additional = question.protected_header,
                                          .plaintext = opened};
    jose_sample_seal(&sealing, ciphertext, question.tag);
    question.ciphertext = bytes_of(ciphertext, opened.len);
    jose_wire_put_sealed_question(&target, &question);
    struct frame answer = answer_to(JOSE_SEALED, &target);
    assert_int_equal(jose_wire_get_sealed(answer.payload, &read), ERR_OK);
    assert_true(read.well_formed);
    assert_handed_on(&read.payload, text);
    worker_forget();
}

static void every_sample_of_a_person_is_read(void **state) {
    (void)state;
    static const uint8_t other_anchor[ANCHOR_BYTES];
    struct samples_question question;
    struct buffer target = buffer_over(question_memory, sizeof question_memory);
    struct bytes text = write_list();
    device_sample_question(&made, text, SAMPLE_NOW_MS, &question);
    question.device_anchor_count = question.ftm_anchor_count = SAMPLE_ANCHORS_MAX;
    for (size_t i = 0; i < SAMPLE_ANCHORS_MAX; i++)
        question.device_anchors[i] = question.ftm_anchors[i] =
            i + 1 < SAMPLE_ANCHORS_MAX ? bytes_of(other_anchor, sizeof other_anchor)
                                       : sample_der(&device);
    sample_wire_put_question(&target, &question);
    struct frame answer = answer_to(UNSEAL_SAMPLES, &target);
    assert_int_equal(sample_wire_get_samples(answer.payload, &samples), ERR_OK);
    assert_int_equal(samples.count, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < samples.count; i++) {
        enum sample_kind expected = i < 10   ? SAMPLE_MINUTIAE
                                    : i < 12 ? SAMPLE_IRIS_CODE
                                             : SAMPLE_IMAGE;
        assert_int_equal(samples.samples[i].kind, expected);
    }
    assert_true(samples.samples[12].data.len > 30000);
    worker_forget();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mosip_hands_on_all_of_a_person),
        cmocka_unit_test(a_header_of_any_size_costs_its_segment_alone),
        cmocka_unit_test(jose_hands_on_all_of_a_person),
        cmocka_unit_test(every_sample_of_a_person_is_read),
    };
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
