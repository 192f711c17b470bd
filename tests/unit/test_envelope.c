#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "firmware/base/codec.h"
#include "firmware/base/frame.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/envelope.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define PATH            "/idauthentication/v1/auth/misp/partner/key"

static struct sample_holder signer;
static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct edge_request request;
static struct envelope envelope;

/* What is read must be a message that core's reader accepts. */
static void assert_is_a_message(void) {
    static uint8_t frame[FRAME_PAYLOAD_MAX];
    static struct envelope again;
    struct buffer target = buffer_over(frame, sizeof frame);
    unseal_wire_put_envelope(&target, &envelope);
    assert_int_equal(target.err, ERR_OK);
    assert_int_equal(unseal_wire_get_envelope(bytes_of(frame, target.len), &again), ERR_OK);
}

static void read(void) {
    struct buffer workspace = buffer_over(memory, sizeof memory);
    memset(&envelope, 0x55, sizeof envelope);
    envelope_read(&request, &workspace, &envelope);
    assert_int_equal(workspace.err, ERR_OK);
    assert_is_a_message();
}

static void read_path(const char *path) {
    request = (struct edge_request){.method = EDGE_POST, .path = bytes_of_text(path)};
    read();
}

static void read_body(const char *body) {
    request = (struct edge_request){
        .method = EDGE_POST, .path = bytes_of_text(PATH), .body = bytes_of_text(body)};
    read();
}

/* Reads a body with the one member ${name}, whose value is ${json}. */
static void read_member(const char *name, const char *json) {
    static char body[SAMPLE_TEXT_SIZE];
    sample_format(body, "{\"%s\":%s}", name, json);
    read_body(body);
    assert_true(envelope.body_is_json);
}

static void the_three_functions_are_known_by_their_path(void **state) {
    (void)state;
    read_path("/idauthentication/v1/auth/misp/partner/key");
    assert_int_equal(envelope.function, FUNCTION_AUTH);
    assert_true(envelope.path_complete);
    assert_string_equal(envelope.misp_license_key, "misp");
    assert_string_equal(envelope.partner_id, "partner");
    assert_string_equal(envelope.api_key, "key");
    read_path("/idauthentication/v1/otp/a/b/c");
    assert_int_equal(envelope.function, FUNCTION_OTP);
    read_path("/idauthentication/v1/kyc/a/b/c");
    assert_int_equal(envelope.function, FUNCTION_KYC);
    assert_string_equal(envelope.api_key, "c");
}

static void segments_are_percent_decoded(void **state) {
    (void)state;
    read_path("/idauthentication/v1/auth/a%20b/%C3%A9/c%2Fd%2b+");
    assert_true(envelope.path_complete);
    assert_string_equal(envelope.misp_license_key, "a b");
    assert_string_equal(envelope.partner_id, "\xc3\xa9");
    assert_string_equal(envelope.api_key, "c/d++");
}

static void a_path_with_too_few_segments_is_incomplete(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/idauthentication/v1/auth",      "/idauthentication/v1/auth/",
        "/idauthentication/v1/auth/a",    "/idauthentication/v1/auth/a/b",
        "/idauthentication/v1/auth/a/b/", "/idauthentication/v1/auth//b/c",
        "/idauthentication/v1/auth/a//c", "/idauthentication/v1/auth///",
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        read_path(paths[i]);
        assert_int_equal(envelope.function, FUNCTION_AUTH);
        assert_false(envelope.path_complete);
    }
}

static void any_other_path_is_no_function(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/idauthentication/v1",
        "/idauthentication/v1/",
        "/idauthentication/v1//a/b/c",
        "/idauthentication/v1/bio/a/b/c",
        "/idauthentication/v1/Auth/a/b/c",
        "/idauthentication/v1/authx/a/b/c",
        "/idauthentication/v1/kyc-auth/delegated/a/b/c",
        "/idauthentication/v1/auth/a/b/c/",
        "/idauthentication/v1/auth/a/b/c/d",
        "/idauthentication/v1/auth/a/b/c//",
        "/idauthentication/v2/auth/a/b/c",
        "/IDAUTHENTICATION/v1/auth/a/b/c",
        "//idauthentication/v1/auth/a/b/c",
        "/idauthentication/v1/%61uth/a/b/c",
        "/idauthentication/v1/auth/a/b/%",
        "/idauthentication/v1/auth/a/b/%4",
        "/idauthentication/v1/auth/a/%4g/c",
        "/idauthentication/v1/auth/%-1/b/c",
        "x/idauthentication/v1/auth/a/b/c",
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        read_path(paths[i]);
        assert_int_equal(envelope.function, FUNCTION_NONE);
        assert_false(envelope.path_complete);
        assert_string_equal(envelope.partner_id, "");
    }
}

static void a_segment_that_can_be_no_name_is_empty(void **state) {
    (void)state;
    static const char *const segments[] = {"%00", "a%00b", "%FF",      "a%0Ab",
                                           "%7f", "%C3",   "%ED%A0%80"};
    char path[EDGE_PATH_MAX], longest[UNSEAL_SEGMENT_SIZE + 1];
    for (size_t i = 0; i < COUNT_OF(segments); i++) {
        snprintf(path, sizeof path, "/idauthentication/v1/auth/misp/%s/key", segments[i]);
        read_path(path);
        assert_int_equal(envelope.function, FUNCTION_AUTH);
        assert_true(envelope.path_complete);
        assert_string_equal(envelope.partner_id, "");
        assert_string_equal(envelope.api_key, "key");
    }
    memset(longest, 'p', sizeof longest);
    longest[UNSEAL_SEGMENT_SIZE - 1] = '\0';
    snprintf(path, sizeof path, "/idauthentication/v1/auth/misp/%s/key", longest);
    read_path(path);
    assert_string_equal(envelope.partner_id, longest);
    snprintf(path, sizeof path, "/idauthentication/v1/auth/misp/%sp/key", longest);
    read_path(path);
    assert_true(envelope.path_complete);
    assert_string_equal(envelope.partner_id, "");
}

static void the_headers_are_read(void **state) {
    (void)state;
    static char json[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    uint8_t thumbprint[32];
    sample_jws_header(&signer, json);
    sample_jws(json, signer.key, bytes_of_text("{}"), header);
    request = (struct edge_request){.method = EDGE_POST,
                                    .path = bytes_of_text(PATH),
                                    .has_signature = true,
                                    .signature = bytes_of_text(header),
                                    .has_authorization = true,
                                    .authorization = bytes_of_text("Authorization"),
                                    .body = bytes_of_text("{}")};
    read();
    assert_true(envelope.authorization_present);
    assert_int_equal(envelope.jws, JWS_READ);
    SHA256(signer.der, signer.der_len, thumbprint);
    assert_memory_equal(envelope.certificate_thumbprint, thumbprint, sizeof thumbprint);
    assert_int_equal(envelope.jws_protected_len, strstr(header, "..") - header);
    assert_int_equal(envelope.jws_signature.len, 256);

    request.authorization = bytes_of_text("");
    request.signature = bytes_of_text("");
    read();
    assert_false(envelope.authorization_present);
    assert_int_equal(envelope.jws, JWS_MALFORMED);
    request.has_signature = request.has_authorization = false;
    read();
    assert_int_equal(envelope.jws, JWS_ABSENT);
    for (size_t i = 0; i < sizeof thumbprint; i++)
        assert_int_equal(envelope.certificate_thumbprint[i], 0);
}

/* The member order, separators and padding of the Python SDK. */
static void the_sdk_s_request_is_read(void **state) {
    (void)state;
    static const uint8_t zero[256];
    static char thumbprint[SAMPLE_TEXT_SIZE], session_key[SAMPLE_TEXT_SIZE], body[SAMPLE_TEXT_SIZE];
    sample_base64url(bytes_of(zero, 32), thumbprint);
    sample_base64url(bytes_of(zero, 256), session_key);
    sample_format(
        body,
        "{\"id\": \"mosip.identity.auth\", \"version\": \"1.0\", \"individualId\": \"5938714605\", "
        "\"individualIdType\": \"UIN\", \"transactionID\": \"1234567890\", "
        "\"requestTime\": \"2024-01-15T10:20:30.123Z\", \"specVersion\": \"1.0\", "
        "\"thumbprint\": \"%s=\", \"domainUri\": \"https://idcs.example.ma\", "
        "\"env\": \"Staging\", \"requestedAuth\": {\"demo\": false, \"pin\": false, "
        "\"otp\": false, \"bio\": false}, \"consentObtained\": true, "
        "\"requestHMAC\": \"%.*s\", \"requestSessionKey\": \"%s==\", "
        "\"request\": \"%.*s\", \"metadata\": {}}",
        thumbprint, 128, session_key, session_key, 64, session_key);
    read_body(body);
    assert_true(envelope.body_is_json);
    assert_string_equal(envelope.id.text, "mosip.identity.auth");
    assert_string_equal(envelope.version.text, "1.0");
    assert_string_equal(envelope.individual_id.text, "5938714605");
    assert_string_equal(envelope.individual_id_type.text, "UIN");
    assert_string_equal(envelope.transaction_id.text, "1234567890");
    assert_string_equal(envelope.domain_uri.text, "https://idcs.example.ma");
    assert_string_equal(envelope.env.text, "Staging");
    assert_true(envelope.consent && envelope.request_time_valid);
    assert_int_equal(envelope.request_time_ms, SAMPLE_NOW_MS);
    assert_int_equal(envelope.thumbprint.data.len, 32);
    assert_int_equal(envelope.session_key.data.len, 256);
    assert_int_equal(envelope.request_hmac.data.len, 96);
    assert_int_equal(envelope.request.data.len, 48);
    assert_int_equal(envelope.channels_presence, FIELD_ABSENT);
}

static void a_body_that_is_no_strict_json_object_says_nothing(void **state) {
    (void)state;
    static const char *const bodies[] = {"",
                                         "x",
                                         "[]",
                                         "{",
                                         "{\"id\":\"a\",}",
                                         "{\"id\":\"a\"}}",
                                         "{\"id\":\"a\",\"id\":\"a\"}",
                                         "{\"id\":\"a\",\"x\":{\"y\":1,\"y\":2}}",
                                         "{\"id\":\"a\",\"\\u0069d\":\"a\"}",
                                         "{\"id\":\"\xff\"}",
                                         "{\"id\":\"a\",\"x\":\"\\ud800\"}",
                                         "{\"id\":\"a\\u0000\"}",
                                         "{\"id\":\"a\",\"x\":[[[[[[[[1]]]]]]]]}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        read_body(bodies[i]);
        assert_false(envelope.body_is_json);
        assert_int_equal(envelope.id.presence, FIELD_ABSENT);
        assert_int_equal(envelope.function, FUNCTION_AUTH);
    }
}

static void a_body_with_too_many_nodes_is_refused(void **state) {
    (void)state;
    static char body[SAMPLE_TEXT_SIZE];
    for (size_t members = 127; members <= 128; members++) {
        char *at = stpcpy(body, "{");
        for (size_t i = 0; i < members; i++)
            at += sprintf(at, "%s\"m%zu\":0", i > 0 ? "," : "", i);
        (void)stpcpy(at, "}");
        read_body(body);
        assert_int_equal(envelope.body_is_json, 1 + 2 * members <= ENVELOPE_NODES_MAX);
    }
}

static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
    {"id", offsetof(struct envelope, id), UNSEAL_ID_SIZE},
    {"version", offsetof(struct envelope, version), UNSEAL_VERSION_SIZE},
    {"individualId", offsetof(struct envelope, individual_id), UNSEAL_INDIVIDUAL_SIZE},
    {"individualIdType", offsetof(struct envelope, individual_id_type), UNSEAL_TYPE_SIZE},
    {"transactionID", offsetof(struct envelope, transaction_id), UNSEAL_TRANSACTION_SIZE},
    {"requestTime", offsetof(struct envelope, request_time), UNSEAL_TIME_SIZE},
    {"domainUri", offsetof(struct envelope, domain_uri), UNSEAL_DOMAIN_SIZE},
    {"env", offsetof(struct envelope, env), UNSEAL_ENV_SIZE},
};

static void each_text_says_how_it_was_found(void **state) {
    (void)state;
    static const struct {
        const char *json;
        enum field_presence presence;
        const char *text;
    } values[] = {
        {"\"x\"", FIELD_PRESENT, "x"},    {"\"\"", FIELD_PRESENT, ""},
        {"\" \"", FIELD_PRESENT, " "},    {"\"\\u00e9\\\\\"", FIELD_PRESENT, "\xc3\xa9\\"},
        {"null", FIELD_NULL, ""},         {"1", FIELD_WRONG_TYPE, ""},
        {"true", FIELD_WRONG_TYPE, ""},   {"{}", FIELD_WRONG_TYPE, ""},
        {"[\"x\"]", FIELD_WRONG_TYPE, ""}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct text_field *field =
            (const struct text_field *)((const char *)&envelope + texts[i].offset);
        for (size_t j = 0; j < COUNT_OF(values); j++) {
            read_member(texts[i].name, values[j].json);
            assert_int_equal(field->presence, values[j].presence);
            assert_string_equal(field->text, values[j].text);
        }
        read_body("{\"other\":1}");
        assert_int_equal(field->presence, FIELD_ABSENT);
    }
}

static void a_text_over_its_size_is_too_long(void **state) {
    (void)state;
    char value[UNSEAL_DOMAIN_SIZE + 8];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct text_field *field =
            (const struct text_field *)((const char *)&envelope + texts[i].offset);
        memset(value, 'x', sizeof value);
        value[0] = value[texts[i].size] = '"';
        value[texts[i].size + 1] = '\0';
        read_member(texts[i].name, value);
        assert_int_equal(field->presence, FIELD_PRESENT);
        assert_int_equal(strlen(field->text), texts[i].size - 1);
        value[texts[i].size] = 'x';
        value[texts[i].size + 1] = '"';
        value[texts[i].size + 2] = '\0';
        read_member(texts[i].name, value);
        assert_int_equal(field->presence, FIELD_TOO_LONG);
        assert_string_equal(field->text, "");
    }
}

static void names_are_taken_by_their_characters_and_case(void **state) {
    (void)state;
    read_member("individualI\\u0064", "\"5938714605\"");
    assert_string_equal(envelope.individual_id.text, "5938714605");
    read_member("individualID", "\"5938714605\"");
    assert_int_equal(envelope.individual_id.presence, FIELD_ABSENT);
    read_member("individualId ", "\"5938714605\"");
    assert_int_equal(envelope.individual_id.presence, FIELD_ABSENT);
    read_body("{\"request\":{\"individualId\":\"5938714605\"}}");
    assert_int_equal(envelope.individual_id.presence, FIELD_ABSENT);
}

static void consent_is_a_boolean(void **state) {
    (void)state;
    read_member("consentObtained", "true");
    assert_true(envelope.consent && envelope.consent_presence == FIELD_PRESENT);
    read_member("consentObtained", "false");
    assert_true(!envelope.consent && envelope.consent_presence == FIELD_PRESENT);
    read_member("consentObtained", "null");
    assert_true(!envelope.consent && envelope.consent_presence == FIELD_NULL);
    static const char *const wrong[] = {"\"true\"", "1", "[true]", "{}", "\"\""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        read_member("consentObtained", wrong[i]);
        assert_true(!envelope.consent && envelope.consent_presence == FIELD_WRONG_TYPE);
    }
}

static void a_request_time_is_a_time_or_invalid(void **state) {
    (void)state;
    read_member("requestTime", "\"2024-01-15T15:50:30.123+05:30\"");
    assert_true(envelope.request_time_valid);
    assert_int_equal(envelope.request_time_ms, SAMPLE_NOW_MS);
    static const char *const wrong[] = {"\"2024-01-15T10:20:30Z\"", "\"2024-13-15T10:20:30.123Z\"",
                                        "\"\"", "\"2024-01-15T10:20:30.123\"", "1705314030123"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        read_member("requestTime", wrong[i]);
        assert_false(envelope.request_time_valid);
        assert_int_equal(envelope.request_time_ms, 0);
    }
}

static void a_thumbprint_is_hex_or_base64_of_32_bytes(void **state) {
    (void)state;
    static const char *const accepted[] = {
        "\"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
        "\"\\u0041AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""};
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        read_member("thumbprint", accepted[i]);
        assert_int_equal(envelope.thumbprint.presence, FIELD_PRESENT);
        assert_false(envelope.thumbprint.malformed);
        assert_int_equal(envelope.thumbprint.data.len, 32);
        for (size_t j = 0; j < 32; j++)
            assert_int_equal(envelope.thumbprint.data.data[j], j);
    }
    static const char *const malformed[] = {
        "\"\"",
        "\"00\"",
        "\"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E\"",
        "\"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F20\"",
        "\"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1G\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==\"",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd!h8\""};
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        read_member("thumbprint", malformed[i]);
        assert_true(envelope.thumbprint.malformed);
        assert_int_equal(envelope.thumbprint.data.len, 0);
    }
    read_member("thumbprint", "null");
    assert_int_equal(envelope.thumbprint.presence, FIELD_NULL);
    read_member("thumbprint", "5");
    assert_int_equal(envelope.thumbprint.presence, FIELD_WRONG_TYPE);
}

/* Reads member ${name} as the base64 of ${len} bytes that count up. */
static void read_blob(const char *name, size_t len, bool padded) {
    static char text[SAMPLE_TEXT_SIZE], json[SAMPLE_TEXT_SIZE];
    uint8_t bytes[512] = {0};
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)i;
    sample_base64url(bytes_of(bytes, len), text);
    static const char *const paddings[] = {"", "==", "="};
    sample_format(json, "\"%s%s\"", text, padded ? paddings[len % 3] : "");
    read_member(name, json);
}

static void a_session_key_has_256_bytes_or_288(void **state) {
    (void)state;
    for (size_t len = 0; len < 300; len++) {
        read_blob("requestSessionKey", len, len % 2 == 0);
        bool good = len == 256 || len == 288;
        assert_int_equal(envelope.session_key.presence, FIELD_PRESENT);
        assert_int_equal(envelope.session_key.malformed, !good);
        assert_int_equal(envelope.session_key.data.len, good ? len : 0);
    }
}

static void a_sealed_block_has_room_for_tag_and_iv(void **state) {
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        read_blob("request", len, true);
        assert_int_equal(envelope.request.malformed, len < 32);
        assert_int_equal(envelope.request.data.len, len < 32 ? 0 : len);
        read_blob("requestHMAC", len, false);
        assert_int_equal(envelope.request_hmac.malformed, len < 32);
        assert_int_equal(envelope.request_hmac.data.len, len < 32 ? 0 : len);
    }
}

static void base64_comes_in_either_alphabet_and_escaped(void **state) {
    (void)state;
    static const char *const accepted[] = {
        "\"-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_\"",
        "\"+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/\"",
        "\"+\\/+\\/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+\\u002f\""};
    static const uint8_t group[] = {0xfb, 0xff, 0xbf};
    uint8_t expected[36];
    for (size_t i = 0; i < sizeof expected; i++)
        expected[i] = group[i % sizeof group];
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        read_member("request", accepted[i]);
        assert_true(bytes_equal(envelope.request.data, bytes_of(expected, sizeof expected)));
    }
    static const char *const malformed[] = {
        "\"-/-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_\"",
        "\"-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_\\n\"",
        "\" -_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_\"", "\"\""};
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        read_member("request", malformed[i]);
        assert_true(envelope.request.malformed);
    }
}

static void channels_are_read_without_case(void **state) {
    (void)state;
    read_member("otpChannel", "[\"PHONE\",\"eMail\"]");
    assert_int_equal(envelope.channels_presence, FIELD_PRESENT);
    assert_true(envelope.channel_phone && envelope.channel_email);
    assert_string_equal(envelope.channel_unknown, "");
    read_member("otpChannel", "[\"email\",\"fax\",\"email\",\"telex\"]");
    assert_true(!envelope.channel_phone && envelope.channel_email);
    assert_string_equal(envelope.channel_unknown, "fax");
    read_member("otpChannel", "[]");
    assert_int_equal(envelope.channels_presence, FIELD_PRESENT);
    assert_true(!envelope.channel_phone && !envelope.channel_email);
}

static void a_list_of_channels_that_is_none_says_why(void **state) {
    (void)state;
    static const struct {
        const char *json;
        enum field_presence presence;
    } values[] = {{"null", FIELD_NULL},
                  {"\"phone\"", FIELD_WRONG_TYPE},
                  {"{}", FIELD_WRONG_TYPE},
                  {"[\"phone\",1]", FIELD_WRONG_TYPE},
                  {"[\"phone\",null]", FIELD_WRONG_TYPE},
                  {"[\"phone\",[\"email\"]]", FIELD_WRONG_TYPE},
                  {"[\"phone\",\"\"]", FIELD_WRONG_TYPE},
                  {"[\"fax\",\"phone\",\"email\",\"phone\",\"phone\"]", FIELD_TOO_LONG},
                  {"[\"phone\",\"a-channel-of-20-chars\"]", FIELD_TOO_LONG}};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        read_member("otpChannel", values[i].json);
        assert_int_equal(envelope.channels_presence, values[i].presence);
        assert_true(!envelope.channel_phone && !envelope.channel_email);
        assert_string_equal(envelope.channel_unknown, "");
    }
}

/* The largest body: everything decoded of it has room in the workspace and in a frame. */
static void the_largest_body_has_room(void **state) {
    (void)state;
    static char body[EDGE_BODY_MAX + 1];
    static const char *const names[] = {"request", "requestHMAC", "requestSessionKey"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *at = body + sprintf(body, "{\"%s\":\"\\u0041", names[i]);
        size_t left = sizeof body - 1 - (size_t)(at - body) - 2;
        memset(at, 'A', left - (left + 1) % 4);
        (void)stpcpy(at + left - (left + 1) % 4, "\"}");
        read_body(body);
        assert_true(envelope.body_is_json);
    }
    assert_true(envelope.session_key.malformed);
}

static int open_all(void **state) {
    (void)state;
    sample_certify(&(struct sample_subject){.name = "tayssir", .bits = 2048}, NULL, &signer);
    return digest_open() == ERR_OK ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    sample_free(&signer);
    digest_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_functions_are_known_by_their_path),
        cmocka_unit_test(segments_are_percent_decoded),
        cmocka_unit_test(a_path_with_too_few_segments_is_incomplete),
        cmocka_unit_test(any_other_path_is_no_function),
        cmocka_unit_test(a_segment_that_can_be_no_name_is_empty),
        cmocka_unit_test(the_headers_are_read),
        cmocka_unit_test(the_sdk_s_request_is_read),
        cmocka_unit_test(a_body_that_is_no_strict_json_object_says_nothing),
        cmocka_unit_test(a_body_with_too_many_nodes_is_refused),
        cmocka_unit_test(each_text_says_how_it_was_found),
        cmocka_unit_test(a_text_over_its_size_is_too_long),
        cmocka_unit_test(names_are_taken_by_their_characters_and_case),
        cmocka_unit_test(consent_is_a_boolean),
        cmocka_unit_test(a_request_time_is_a_time_or_invalid),
        cmocka_unit_test(a_thumbprint_is_hex_or_base64_of_32_bytes),
        cmocka_unit_test(a_session_key_has_256_bytes_or_288),
        cmocka_unit_test(a_sealed_block_has_room_for_tag_and_iv),
        cmocka_unit_test(base64_comes_in_either_alphabet_and_escaped),
        cmocka_unit_test(channels_are_read_without_case),
        cmocka_unit_test(a_list_of_channels_that_is_none_says_why),
        cmocka_unit_test(the_largest_body_has_room),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
