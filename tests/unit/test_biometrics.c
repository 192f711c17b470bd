#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "authd/unseal/biometrics.h"
#include "authd/unseal/decode.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define REQUEST_SIZE    (192u * 1024u)
/* 256 zero bytes */
#define CHARS_57    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SESSION_KEY CHARS_57 CHARS_57 CHARS_57 CHARS_57 CHARS_57 CHARS_57
#define HASH        "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

static const char digital_id[] =
    "{\"serialNo\":\"S1\",\"make\":\"M1\",\"model\":\"M2\",\"type\":\"Finger\","
    "\"deviceSubType\":\"Single\",\"deviceProvider\":\"P1\",\"dp\":\"no\",\"dpId\":\"P2\","
    "\"dateTime\":\"2024-01-15T10:20:30.120Z\"}";
static const char data_format[] =
    "{\"digitalId\":\"%s\",\"deviceCode\":\"D1\",\"deviceServiceVersion\":\"0.9.5\","
    "\"bioType\":\"Finger\",\"bioSubType\":\"Left IndexFinger\","
    "\"bioValue\":\"AAECAwQFBgcICQoLDA0ODxA\",\"transactionId\":\"1234567890\","
    "\"timestamp\":\"2024-01-15T15:50:30+05:30\",\"purpose\":\"Auth\",\"env\":\"Staging\","
    "\"domainUri\":\"https://a\",\"version\":\"1.0\",\"requestedScore\":60,\"qualityScore\":7.5}";
static const char element_format[] =
    "{\"specVersion\":\"1.0\",\"data\":\"%s\",\"hash\":\"" HASH "\",\"sessionKey\":\"" SESSION_KEY
    "\",\"thumbprint\":\"" HASH "\"}";

static struct sample_holder device;
static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;
static struct json json;
static char request[REQUEST_SIZE];
static struct biometric_segments segments;
static const struct biometric_segment *const first = &segments.segments[0];

static int make_device(void **state) {
    (void)state;
    struct sample_subject subject = {.name = "device", .bits = 2048};
    sample_certify(&subject, NULL, &device);
    return 0;
}

static int free_device(void **state) {
    (void)state;
    sample_free(&device);
    return 0;
}

/* protected "." payload "." signature */
static void sign(const char *payload, char text[static SAMPLE_TEXT_SIZE]) {
    static char header[SAMPLE_TEXT_SIZE], detached[SAMPLE_TEXT_SIZE], encoded[SAMPLE_TEXT_SIZE];
    sample_jws_header(&device, header);
    sample_jws(header, device.key, bytes_of_text(payload), detached);
    sample_base64url(bytes_of_text(payload), encoded);
    char *dots = strstr(detached, "..");
    sample_format(text, "%.*s.%s%s", (int)(dots - detached), detached, encoded, dots + 1);
}

/* ${text} with the first ${old} as ${new}; NULL changes nothing. */
static void change(char text[static SAMPLE_TEXT_SIZE], const char *old, const char *new) {
    static char changed[SAMPLE_TEXT_SIZE];
    if (old == NULL)
        return;
    char *at = strstr(text, old);
    assert_non_null(at);
    sample_format(changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    memcpy(text, changed, strlen(changed) + 1);
}

enum level { IN_DEVICE, IN_DATA, IN_ELEMENT };

/* An element of the list in which one text is another. */
static void write_element(enum level level, const char *old, const char *new,
                          char element[static SAMPLE_TEXT_SIZE]) {
    static char id[SAMPLE_TEXT_SIZE], signed_id[SAMPLE_TEXT_SIZE], data[SAMPLE_TEXT_SIZE],
        signed_data[SAMPLE_TEXT_SIZE];
    sample_format(id, "%s", digital_id);
    change(id, level == IN_DEVICE ? old : NULL, new);
    sign(id, signed_id);
    sample_format(data, data_format, signed_id);
    change(data, level == IN_DATA ? old : NULL, new);
    sign(data, signed_data);
    sample_format(element, element_format, signed_data);
    change(element, level == IN_ELEMENT ? old : NULL, new);
}

static void read_member(const char *before, const char *value, const char *after) {
    int len = snprintf(request, sizeof request, "{\"biometrics\":%s%s%s}", before, value, after);
    assert_true(len > 0 && (size_t)len < sizeof request);
    assert_int_equal(json_parse(bytes_of(request, (size_t)len), JSON_NODES_MAX, &json), ERR_OK);
    workspace = buffer_over(memory, sizeof memory);
    memset(&segments, 0x55, sizeof segments);
    biometrics_read(&json, json_member(&json, json_root(&json), "biometrics"), &workspace,
                    &segments);
    assert_int_equal(workspace.err, ERR_OK);
}

static void read_value(const char *value) {
    read_member("", value, "");
}

static void read_list(const char *elements) {
    read_member("[", elements, "]");
}

static void read_changed(enum level level, const char *old, const char *new) {
    static char element[SAMPLE_TEXT_SIZE];
    write_element(level, old, new, element);
    read_list(element);
    assert_false(segments.malformed);
    assert_int_equal(segments.count, 1);
}

static void assert_text(const struct text_field *field, const char *text) {
    assert_int_equal(field->presence, FIELD_PRESENT);
    assert_string_equal(field->text, text);
}

static void a_segment_is_read_with_every_member(void **state) {
    (void)state;
    static const uint8_t hash_start[] = {0x00, 0x11, 0x22, 0x33};
    read_changed(IN_DATA, NULL, NULL);
    assert_text(&first->spec_version, "1.0");
    assert_int_equal(first->hash.data.len, 32);
    assert_memory_equal(first->hash.data.data, hash_start, sizeof hash_start);
    assert_int_equal(first->session_key.data.len, 256);
    assert_true(bytes_equal(first->thumbprint.data, first->hash.data));
    assert_text(&first->device_code, "D1");
    assert_text(&first->service_version, "0.9.5");
    assert_text(&first->transaction_id, "1234567890");
    assert_text(&first->purpose, "Auth");
    assert_text(&first->env, "Staging");
    assert_text(&first->domain_uri, "https://a");
    assert_text(&first->version, "1.0");
    assert_text(&first->time.text, "2024-01-15T15:50:30+05:30");
    assert_true(first->time.valid && first->time.wall_ms == SAMPLE_NOW_MS - 123);
    assert_int_equal(first->capture, BIOMETRIC_CAPTURE_FINGER);
    assert_int_equal(first->part, BIOMETRIC_PART_KNOWN);
    assert_int_equal(first->position, 7);
    assert_int_equal(first->bio_value.data.len, 17);
}

static void the_device_is_read_with_every_member(void **state) {
    (void)state;
    read_changed(IN_DATA, NULL, NULL);
    const struct biometric_device *read = &first->device;
    assert_text(&read->serial_number, "S1");
    assert_text(&read->make, "M1");
    assert_text(&read->model, "M2");
    assert_text(&read->type, "Finger");
    assert_text(&read->sub_type, "Single");
    assert_text(&read->provider, "P1");
    assert_text(&read->provider_id, "P2");
    assert_true(read->time.valid && read->time.wall_ms == SAMPLE_NOW_MS - 3);
}

/* Exactly what was signed must be handed on: OpenSSL verifies it. */
static void assert_verifies(const struct biometric_signed *jws) {
    assert_int_equal(jws->shape, JWS_READ);
    assert_true(jws->is_json);
    assert_true(bytes_equal(jws->certificate, sample_der(&device)));
    EVP_MD_CTX *verify = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, device.key), 1);
    assert_int_equal(EVP_DigestVerify(verify, jws->signature.data, jws->signature.len,
                                      jws->text.data, jws->text.len),
                     1);
    EVP_MD_CTX_free(verify);
}

static void what_was_signed_is_handed_on_to_be_verified(void **state) {
    (void)state;
    read_changed(IN_DATA, NULL, NULL);
    assert_verifies(&first->data);
    assert_verifies(&first->device.jws);
}

static void missing_members_are_told_from_blank_and_wrong_ones(void **state) {
    (void)state;
    read_changed(IN_DATA, "\"deviceCode\":\"D1\",", "");
    assert_int_equal(first->device_code.presence, FIELD_ABSENT);
    read_changed(IN_DATA, "\"deviceCode\":\"D1\"", "\"deviceCode\":null");
    assert_int_equal(first->device_code.presence, FIELD_NULL);
    read_changed(IN_DATA, "\"deviceCode\":\"D1\"", "\"deviceCode\":1");
    assert_int_equal(first->device_code.presence, FIELD_WRONG_TYPE);
    read_changed(IN_DATA, "\"deviceCode\":\"D1\"", "\"deviceCode\":\"\"");
    assert_text(&first->device_code, "");
    read_changed(IN_DATA, "\"Staging\"", "\"0123456789012345678901234567890123456789\"");
    assert_int_equal(first->env.presence, FIELD_TOO_LONG);
    read_changed(IN_DEVICE, "\"serialNo\":\"S1\",", "");
    assert_int_equal(first->device.serial_number.presence, FIELD_ABSENT);
    read_changed(IN_DEVICE, "\"deviceProvider\":\"P1\",", "");
    assert_text(&first->device.provider, "no");
    read_changed(IN_ELEMENT, "\"specVersion\":\"1.0\",", "");
    assert_int_equal(first->spec_version.presence, FIELD_ABSENT);
    read_changed(IN_ELEMENT, ",\"thumbprint\":\"" HASH "\"", "");
    assert_int_equal(first->thumbprint.presence, FIELD_ABSENT);
    assert_true(first->data.is_json);
}

static void a_hash_is_upper_case_hex_alone(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\"00112233445566778899aABBCCDDEEFF00112233445566778899AABBCCDDEEFF\"",
        "\"00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEE\"",
        "\"00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFG\"",
        "\"\"",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        read_changed(IN_ELEMENT, "\"" HASH "\"", bad[i]);
        assert_true(first->hash.malformed && first->hash.data.len == 0);
    }
    read_changed(IN_ELEMENT, "\"hash\":\"" HASH "\",", "");
    assert_int_equal(first->hash.presence, FIELD_ABSENT);
}

static void device_times_have_two_patterns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ms; /* 0: no time */
    } times[] = {
        {"2024-01-15T10:20:30Z", SAMPLE_NOW_MS - 123},
        {"2024-01-15T10:20:30.123Z", SAMPLE_NOW_MS},
        {"2024-01-15T11:20:30.123+01:00", SAMPLE_NOW_MS},
        {"2024-01-15T10:20:30", 0},
        {"2024-01-15T10:20:30.1Z", 0},
        {"2024-01-15 10:20:30Z", 0},
        {"2024-02-30T10:20:30Z", 0},
        {"2024-01-15T10:20:30.000.123Z", 0},
        {"", 0},
        {"yesterday", 0},
        {"2024-01-15T10:20:30Z                            ", 0},
    };
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        read_changed(IN_DATA, "2024-01-15T15:50:30+05:30", times[i].text);
        assert_int_equal(first->time.valid, times[i].wall_ms != 0);
        assert_int_equal(first->time.wall_ms, times[i].wall_ms);
        read_changed(IN_DEVICE, "2024-01-15T10:20:30.120Z", times[i].text);
        assert_int_equal(first->device.time.valid, times[i].wall_ms != 0);
    }
}

static void parts_belong_to_their_kind(void **state) {
    (void)state;
    static const struct {
        const char *type, *part;
        enum biometric_capture capture;
        enum biometric_part shape;
        uint8_t position;
    } parts[] = {
        {"Finger", "\"Right Thumb\"", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_KNOWN, 1},
        {"FMR", "\"Left LittleFinger\"", BIOMETRIC_CAPTURE_MINUTIAE, BIOMETRIC_PART_KNOWN, 10},
        {"Finger", "\"UNKNOWN\"", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_UNKNOWN, 0},
        {"Finger", "\"unknown\"", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_BAD, 0},
        {"Finger", "\"Left\"", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_BAD, 0},
        {"Finger", "\" \"", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_NONE, 0},
        {"Finger", "null", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_NONE, 0},
        {"Finger", "7", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_BAD, 0},
        {"Iris", "\"Right\"", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_KNOWN, 1},
        {"Iris", "\"Left\"", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_KNOWN, 2},
        {"Iris", "\"Left Thumb\"", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_BAD, 0},
        {"Face", "\"\"", BIOMETRIC_CAPTURE_FACE, BIOMETRIC_PART_NONE, 0},
        {"Face", "\"Left\"", BIOMETRIC_CAPTURE_FACE, BIOMETRIC_PART_BAD, 0},
        {"finger", "\"Left Thumb\"", BIOMETRIC_CAPTURE_NONE, BIOMETRIC_PART_BAD, 0},
        {"", "\"\"", BIOMETRIC_CAPTURE_NONE, BIOMETRIC_PART_NONE, 0},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        char members[256];
        (void)snprintf(members, sizeof members, "\"bioType\":\"%s\",\"bioSubType\":%s",
                       parts[i].type, parts[i].part);
        read_changed(IN_DATA, "\"bioType\":\"Finger\",\"bioSubType\":\"Left IndexFinger\"",
                     members);
        assert_int_equal(first->capture, parts[i].capture);
        assert_int_equal(first->part, parts[i].shape);
        assert_int_equal(first->position, parts[i].position);
    }
}

static void a_jws_whose_frame_is_not_right_is_not_read(void **state) {
    (void)state;
    static char element[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    static const struct {
        const char *data;
        enum jws_shape shape;
    } bad[] = {
        {"\"\"", JWS_MALFORMED},
        {"\".\"", JWS_MALFORMED},
        {"\"..\"", JWS_MALFORMED},
        {"\"e30.e30\"", JWS_MALFORMED},
        {"\"e30.e30.AA\"", JWS_MALFORMED},
        {"\"e30..AA\"", JWS_MALFORMED},
        {"\"e30.e30.e30.AA\"", JWS_MALFORMED},
        {"\"eyJhbGciOiJSUzI1NiJ9.e30.AA\"", JWS_NO_CERTIFICATE},
        {"null", JWS_ABSENT},
        {"{}", JWS_ABSENT},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        sample_format(element, "{\"data\":%s}", bad[i].data);
        read_list(element);
        assert_int_equal(first->data.shape, bad[i].shape);
        assert_true(!first->data.is_json && first->data.signature.len == 0);
        assert_int_equal(first->device_code.presence, FIELD_ABSENT);
    }
    /* Parts that no JWS has, behind a right header. */
    static const char *const payloads[] = {".", ".e30.e30."};
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        sign("{}", header);
        change(header, ".e30.", payloads[i]);
        sample_format(element, "{\"data\":\"%s\"}", header);
        read_list(element);
        assert_int_equal(first->data.shape, JWS_MALFORMED);
        assert_int_equal(first->data.signature.len, 0);
    }
    /* A right frame, and no JSON in it. */
    sign("[]", header);
    sample_format(element, "{\"data\":\"%s\"}", header);
    read_list(element);
    assert_int_equal(first->data.shape, JWS_READ);
    assert_false(first->data.is_json);
    read_changed(IN_DATA, "\"purpose\":\"Auth\"", "\"env\":\"Staging\"");
    assert_int_equal(first->data.shape, JWS_READ);
    assert_false(first->data.is_json);
    read_changed(IN_DATA, "\"digitalId\":\"", "\"digitalId\":\"!");
    assert_true(first->data.is_json && !first->device.jws.is_json);
    assert_int_equal(first->device.jws.shape, JWS_MALFORMED);
    assert_int_equal(first->device.make.presence, FIELD_ABSENT);
}

static void a_value_is_base64_longer_than_its_tag(void **state) {
    (void)state;
    read_changed(IN_DATA, "AAECAwQFBgcICQoLDA0ODxA", "AAECAwQFBgcICQoLDA0ODw");
    assert_true(first->bio_value.malformed);
    read_changed(IN_DATA, "AAECAwQFBgcICQoLDA0ODxA", "AAECAwQFBgcICQoLDA0O!xA");
    assert_true(first->bio_value.malformed);
    read_changed(IN_ELEMENT, "\"" SESSION_KEY "\"", "\"\"");
    assert_true(first->session_key.malformed);
    read_changed(IN_ELEMENT, "\"" SESSION_KEY, "\"AAAA" SESSION_KEY);
    assert_true(first->session_key.malformed);
}

static void what_is_no_list_of_objects_is_malformed(void **state) {
    (void)state;
    static const char *const bad[] = {"{}", "\"a\"", "1", "true", "[1]", "[{},null]", "[[]]"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        read_value(bad[i]);
        assert_true(segments.malformed);
        assert_int_equal(segments.count, 0);
    }
    read_value("[]");
    assert_true(!segments.malformed && segments.count == 0);
    read_value("[{}]");
    assert_int_equal(segments.count, 1);
    assert_int_equal(first->data.presence, FIELD_ABSENT);
}

static void segments_are_bounded(void **state) {
    (void)state;
    read_value("[{},{},{},{},{},{},{},{},{},{},{},{},{}]");
    assert_true(segments.count == BIOMETRIC_SEGMENTS_MAX && !segments.too_many);
    read_value("[{},{},{},{},{},{},{},{},{},{},{},{},{},{}]");
    assert_true(segments.count == BIOMETRIC_SEGMENTS_MAX && segments.too_many);
}

static void the_largest_list_fits_the_workspace(void **state) {
    (void)state;
    static char element[SAMPLE_TEXT_SIZE], list[REQUEST_SIZE];
    write_element(IN_DATA, NULL, NULL, element);
    struct buffer target = buffer_over(list, sizeof list);
    for (size_t i = 0; i < BIOMETRIC_SEGMENTS_MAX; i++)
        buffer_format(&target, "%s%s", i == 0 ? "" : ",", element);
    assert_int_equal(target.err, ERR_OK);
    read_list(list);
    assert_int_equal(segments.count, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < segments.count; i++)
        assert_true(segments.segments[i].device.jws.is_json &&
                    segments.segments[i].bio_value.data.len == 17);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_is_read_with_every_member),
        cmocka_unit_test(the_device_is_read_with_every_member),
        cmocka_unit_test(what_was_signed_is_handed_on_to_be_verified),
        cmocka_unit_test(missing_members_are_told_from_blank_and_wrong_ones),
        cmocka_unit_test(a_hash_is_upper_case_hex_alone),
        cmocka_unit_test(device_times_have_two_patterns),
        cmocka_unit_test(parts_belong_to_their_kind),
        cmocka_unit_test(a_jws_whose_frame_is_not_right_is_not_read),
        cmocka_unit_test(a_value_is_base64_longer_than_its_tag),
        cmocka_unit_test(what_is_no_list_of_objects_is_malformed),
        cmocka_unit_test(segments_are_bounded),
        cmocka_unit_test(the_largest_list_fits_the_workspace),
    };
    return cmocka_run_group_tests(tests, make_device, free_device);
}
