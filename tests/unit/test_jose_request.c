#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_request.h"
#include "firmware/base/frame.h"
#include "tests/unit/jose_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define BINDING         "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\""

/* Of every call; a claim that is another call's is passed over. */
static struct jose_sample_member claims[] = {{"iss", "\"tayssir\""},
                                             {"aud", "\"https://127.0.0.1:8444\""},
                                             {"iat", "1705314030"},
                                             {"txn", "\"12345678\""},
                                             {"api_key", "\"key-1\""},
                                             {"binding", BINDING},
                                             {"channels", "[\"phone\"]"},
                                             {"consent", "true"},
                                             {"attributes", "[\"name\",\"age_over_18\"]"},
                                             {"lives_in", "{\"province\":\"Taroudant\"}"},
                                             {"sealed", NULL},
                                             {NULL, NULL}};

static const struct call {
    const char *path;
    enum envelope_function function;
} calls[] = {{"/v1/otp", FUNCTION_OTP},
             {"/v1/authentications", FUNCTION_AUTH},
             {"/v1/attributes", FUNCTION_KYC}};
enum { OTP, AUTHENTICATION, ATTRIBUTES };

static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;
static char sealed[JOSE_SAMPLE_SIZE], quoted[JOSE_SAMPLE_SIZE + 2], body[JOSE_SAMPLE_SIZE];
static struct jose_request request;

static void seal(struct bytes ciphertext) {
    jose_sample_jwe(jose_sample_object(jose_sample_jwe_header, NULL, NULL), ciphertext, sealed);
    assert_true(snprintf(quoted, sizeof quoted, "\"%s\"", sealed) < (int)sizeof quoted);
    claims[10].value = quoted;
}

/* What was read of it goes over the wire. */
static void assert_can_be_said(void) {
    static uint8_t answer[FRAME_PAYLOAD_MAX];
    static struct jose_request again;
    struct buffer target = buffer_over(answer, sizeof answer);
    jose_wire_put_request(&target, &request);
    assert_int_equal(target.err, ERR_OK);
    assert_int_equal(jose_wire_get_request(bytes_of(answer, target.len), &again), ERR_OK);
    assert_int_equal(again.shape, request.shape);
    assert_int_equal(again.attribute_count, request.attribute_count);
}

static enum jose_shape read_body(const char *path, enum edge_media media) {
    struct edge_request question = {.method = EDGE_POST,
                                    .profile = EDGE_PROFILE_JOSE,
                                    .path = bytes_of_text(path),
                                    .media = media,
                                    .body = bytes_of_text(body)};
    workspace = buffer_over(memory, sizeof memory);
    memset(&request, 0x55, sizeof request);
    jose_request_read(&question, &workspace, &request);
    assert_can_be_said();
    return request.shape;
}

/* The claims, with one changed, as a JWS. */
static enum jose_shape ask(int call, const char *name, const char *value) {
    const char *payload = jose_sample_object(claims, name, value);
    static char kept[JOSE_SAMPLE_SIZE];
    memcpy(kept, payload, strlen(payload) + 1);
    jose_sample_jws(jose_sample_object(jose_sample_jws_header, NULL, NULL), bytes_of_text(kept),
                    body);
    return read_body(calls[call].path, EDGE_MEDIA_JOSE);
}

static void assert_says_nothing(enum jose_shape shape, enum envelope_function function) {
    static struct jose_request nothing;
    assert_int_equal(request.shape, shape);
    assert_int_equal(request.function, function);
    request.shape = JOSE_READ;
    request.function = FUNCTION_NONE;
    assert_memory_equal(&request, &nothing, sizeof nothing);
}

static void assert_claims(void) {
    assert_string_equal(request.issuer, "tayssir");
    assert_string_equal(request.audience, "https://127.0.0.1:8444");
    assert_string_equal(request.api_key, "key-1");
    assert_string_equal(request.transaction, "12345678");
    assert_int_equal(request.issued_ms, 1705314030000);
    for (size_t i = 0; i < JOSE_BINDING_BYTES; i++)
        assert_int_equal(request.binding[i], i + 1);
    assert_true(bytes_equal_text(request.sealed.ciphertext, "ciphertext"));
    assert_true(bytes_equal_text(request.sealed.party_u, "Alice"));
    assert_int_equal(request.sealed.protected_header.len, strchr(sealed, '.') - sealed);
    assert_memory_equal(request.sealed.protected_header.data, sealed,
                        request.sealed.protected_header.len);
}

static void each_call_is_read_with_its_claims(void **state) {
    (void)state;
    for (int call = OTP; call <= ATTRIBUTES; call++) {
        assert_int_equal(ask(call, NULL, NULL), JOSE_READ);
        assert_int_equal(request.function, calls[call].function);
        assert_claims();
        assert_true(request.is_signed);
        assert_int_equal(request.kid[0], 55);
        assert_int_equal(request.signed_len, strrchr(body, '.') - body);
        assert_int_equal(request.signature[15], 16);
        assert_int_equal(request.consent, call != OTP);
        assert_int_equal(request.channel_phone, call == OTP);
        assert_false(request.channel_email);
        assert_int_equal(request.attribute_count, call == ATTRIBUTES ? 2 : 0);
        assert_string_equal(request.lives_in_part, call == ATTRIBUTES ? "province" : "");
        assert_string_equal(request.lives_in_value, call == ATTRIBUTES ? "Taroudant" : "");
    }
    assert_string_equal(request.attributes[0], "name");
    assert_string_equal(request.attributes[1], "age_over_18");
}

static void claims_alone_are_read_and_not_signed(void **state) {
    (void)state;
    const char *payload = jose_sample_object(claims, NULL, NULL);
    memcpy(body, payload, strlen(payload) + 1);
    assert_int_equal(read_body(calls[AUTHENTICATION].path, EDGE_MEDIA_JSON), JOSE_READ);
    assert_claims();
    assert_false(request.is_signed);
    assert_int_equal(request.signed_len, 0);
    assert_int_equal(request.kid[0] | request.signature[15], 0);
}

static void the_media_type_says_what_the_body_is(void **state) {
    (void)state;
    static const enum edge_media others[] = {EDGE_MEDIA_NONE, EDGE_MEDIA_OTHER};
    assert_int_equal(ask(AUTHENTICATION, NULL, NULL), JOSE_READ);
    assert_int_equal(read_body(calls[AUTHENTICATION].path, EDGE_MEDIA_JSON), JOSE_MALFORMED);
    assert_says_nothing(JOSE_MALFORMED, FUNCTION_AUTH);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(read_body(calls[OTP].path, others[i]), JOSE_WRONG_MEDIA);
        assert_says_nothing(JOSE_WRONG_MEDIA, FUNCTION_OTP);
    }
    const char *payload = jose_sample_object(claims, NULL, NULL);
    memcpy(body, payload, strlen(payload) + 1);
    assert_int_equal(read_body(calls[AUTHENTICATION].path, EDGE_MEDIA_JOSE), JOSE_MALFORMED);
}

static void a_path_is_one_of_the_three_to_the_character(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/",         "/v1",           "/v1/",
        "/v1/otp/",  "/v1/otpx",      "/v1/OTP",
        "//v1/otp",  "/v1//otp",      "/v1/otp?x",
        "/v1/%6ftp", "/v2/otp",       "/v1/authentications/1",
        "v1/otp",    "/v1/attribute", "/idauthentication/v1/otp/a/b/c",
    };
    assert_int_equal(ask(OTP, NULL, NULL), JOSE_READ);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        (void)read_body(paths[i], EDGE_MEDIA_JOSE);
        assert_says_nothing(JOSE_MALFORMED, FUNCTION_NONE);
        assert_int_equal(workspace.len, 0);
    }
}

static void unknown_claims_are_passed_over(void **state) {
    (void)state;
    static const char *const values[] = {"null", "[[[[[[1]]]]]]", "{\"sealed\":{}}", "\"\"", "1e9"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(ask(AUTHENTICATION, "unknown", values[i]), JOSE_READ);
        assert_int_equal(ask(AUTHENTICATION, "attributes", values[i]), JOSE_READ);
        assert_int_equal(ask(AUTHENTICATION, "channels", values[i]), JOSE_READ);
        assert_int_equal(ask(OTP, "consent", values[i]), JOSE_READ);
        assert_int_equal(ask(OTP, "lives_in", values[i]), JOSE_READ);
    }
}

static void a_claim_that_is_needed_and_wrong_is_malformed(void **state) {
    (void)state;
    static const char *const texts[] = {"iss", "aud", "txn", "api_key"};
    static const char *const no_text[] = {NULL,
                                          "null",
                                          "7",
                                          "true",
                                          "\"\"",
                                          "[\"a\"]",
                                          "{}",
                                          "\"12345\\n678\"",
                                          "\"12345\\u007f67\"",
                                          "\"12345\\u001b67\""};
    static const char *const always[] = {"iat", "binding", "sealed"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t j = 0; j < COUNT_OF(no_text); j++)
            assert_int_equal(ask(AUTHENTICATION, texts[i], no_text[j]), JOSE_MALFORMED);
    for (size_t i = 0; i < COUNT_OF(always); i++)
        for (int call = OTP; call <= ATTRIBUTES; call++)
            for (size_t j = 0; j < COUNT_OF(no_text); j++)
                if (strcmp(always[i], "iat") != 0 || no_text[j] == NULL || no_text[j][0] != '7')
                    assert_int_equal(ask(call, always[i], no_text[j]), JOSE_MALFORMED);
    assert_says_nothing(JOSE_MALFORMED, FUNCTION_KYC);
}

static const char *text_of_length(size_t len) {
    static char text[512];
    memset(text, 'a', sizeof text);
    text[0] = text[len + 1] = '"';
    text[len + 2] = '\0';
    return text;
}

static void texts_have_lengths(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t min, max;
    } texts[] = {{"iss", 1, 63}, {"aud", 1, 255}, {"api_key", 1, 127}, {"txn", 8, 15}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *name = texts[i].name;
        assert_int_equal(ask(OTP, name, text_of_length(texts[i].min)), JOSE_READ);
        assert_int_equal(ask(OTP, name, text_of_length(texts[i].max)), JOSE_READ);
        assert_int_equal(ask(OTP, name, text_of_length(texts[i].min - 1)), JOSE_MALFORMED);
        assert_int_equal(ask(OTP, name, text_of_length(texts[i].max + 1)), JOSE_MALFORMED);
    }
}

static void a_transaction_has_an_alphabet(void **state) {
    (void)state;
    assert_int_equal(ask(OTP, "txn", "\"aZ09-_.\\u0041\""), JOSE_READ);
    assert_string_equal(request.transaction, "aZ09-_.A");
    static const char *const refused[] = {"\"1234 678\"", "\"1234/678\"", "\"1234+678\"",
                                          "\"1234:678\"", "\"1234\xc3\xa9\x37\x38\""};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(OTP, "txn", refused[i]), JOSE_MALFORMED);
}

static void a_time_is_digits(void **state) {
    (void)state;
    assert_int_equal(ask(OTP, "iat", "0"), JOSE_READ);
    assert_int_equal(ask(OTP, "iat", "253402300799"), JOSE_READ);
    assert_int_equal(request.issued_ms, 253402300799000);
    static const char *const refused[] = {"253402300800",
                                          "-1",
                                          "-0",
                                          "1.0",
                                          "1e9",
                                          "1E9",
                                          "1705314030.5",
                                          "01",
                                          "\"1705314030\"",
                                          "[1]",
                                          "false",
                                          "1705314030000",
                                          "999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(OTP, "iat", refused[i]), JOSE_MALFORMED);
}

static void a_binding_is_thirty_two_bytes(void **state) {
    (void)state;
    static const char *const refused[] = {
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw\"",
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh\"",
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB\"",
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\"",
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\\n\"",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(OTP, "binding", refused[i]), JOSE_MALFORMED);
}

static void channels_are_known_and_at_least_one(void **state) {
    (void)state;
    assert_int_equal(ask(OTP, "channels", "[\"email\",\"phone\"]"), JOSE_READ);
    assert_true(request.channel_phone && request.channel_email);
    assert_int_equal(ask(OTP, "channels", "[\"email\"]"), JOSE_READ);
    assert_true(!request.channel_phone && request.channel_email);
    static const char *const refused[] = {NULL,
                                          "null",
                                          "[]",
                                          "\"phone\"",
                                          "{\"phone\":1}",
                                          "[\"PHONE\"]",
                                          "[\"fax\"]",
                                          "[\"phone\",\"fax\"]",
                                          "[\"phone\",\"phone\"]",
                                          "[\"email\",\"phone\",\"email\"]",
                                          "[null]",
                                          "[\"\"]",
                                          "[[\"phone\"]]"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(OTP, "channels", refused[i]), JOSE_MALFORMED);
}

static void consent_is_true_or_nothing_is(void **state) {
    (void)state;
    static const char *const refused[] = {NULL, "false", "null", "\"true\"", "1", "[true]"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(ask(AUTHENTICATION, "consent", refused[i]), JOSE_MALFORMED);
        assert_int_equal(ask(ATTRIBUTES, "consent", refused[i]), JOSE_MALFORMED);
        assert_int_equal(ask(OTP, "consent", refused[i]), JOSE_READ);
    }
}

/* ["0…0", "0…1", …] of names of this length. */
static const char *names(size_t count, size_t len) {
    static char list[4096];
    int at = snprintf(list, sizeof list, "[");
    for (size_t i = 0; i < count; i++)
        at += snprintf(list + at, sizeof list - (size_t)at, "%s\"%0*zu\"", i == 0 ? "" : ",",
                       (int)len, i);
    (void)snprintf(list + at, sizeof list - (size_t)at, "]");
    return list;
}

static void attributes_are_visible_names_each_once(void **state) {
    (void)state;
    assert_int_equal(ask(ATTRIBUTES, "attributes", names(JOSE_ATTRIBUTES_MAX, 39)), JOSE_READ);
    assert_int_equal(request.attribute_count, JOSE_ATTRIBUTES_MAX);
    assert_int_equal(ask(ATTRIBUTES, "attributes", names(JOSE_ATTRIBUTES_MAX + 1, 3)),
                     JOSE_MALFORMED);
    assert_int_equal(ask(ATTRIBUTES, "attributes", names(1, 40)), JOSE_MALFORMED);
    assert_int_equal(ask(ATTRIBUTES, "attributes", "[\"name#ara\"]"), JOSE_READ);
    assert_int_equal(ask(ATTRIBUTES, "attributes", NULL), JOSE_READ);
    assert_int_equal(ask(ATTRIBUTES, "attributes", "[]"), JOSE_READ);
    assert_int_equal(ask(ATTRIBUTES, "lives_in", NULL), JOSE_READ);
    static const char *const refused[] = {"null",         "\"name\"",
                                          "{\"name\":1}", "[\"\"]",
                                          "[\"a b\"]",    "[\"name\",\"dob\",\"n\\u0061me\"]",
                                          "[7]",          "[null]",
                                          "[[\"name\"]]", "[\"\xd9\x84\"]",
                                          "[\"a\\tb\"]"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(ATTRIBUTES, "attributes", refused[i]), JOSE_MALFORMED);
}

static void lives_in_names_one_part_of_the_address(void **state) {
    (void)state;
    assert_int_equal(ask(ATTRIBUTES, "lives_in", "{\"region\":\"\xd8\xb3\xd9\x88\xd8\xb3\"}"),
                     JOSE_READ);
    assert_string_equal(request.lives_in_value, "\xd8\xb3\xd9\x88\xd8\xb3");
    static const char *const refused[] = {"null",
                                          "{}",
                                          "[]",
                                          "\"province\"",
                                          "{\"province\":\"\"}",
                                          "{\"province\":null}",
                                          "{\"province\":7}",
                                          "{\"province\":[\"Taroudant\"]}",
                                          "{\"\":\"Taroudant\"}",
                                          "{\"pro vince\":\"Taroudant\"}",
                                          "{\"province\":\"Ta\\nroudant\"}",
                                          "{\"province\":\"Taroudant\",\"region\":\"Souss\"}"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(ATTRIBUTES, "lives_in", refused[i]), JOSE_MALFORMED);
    char object[640];
    (void)snprintf(object, sizeof object, "{\"province\":%s}", text_of_length(127));
    assert_int_equal(ask(ATTRIBUTES, "lives_in", object), JOSE_READ);
    (void)snprintf(object, sizeof object, "{\"province\":%s}", text_of_length(128));
    assert_int_equal(ask(ATTRIBUTES, "lives_in", object), JOSE_MALFORMED);
    claims[8].value = NULL;
    assert_int_equal(ask(ATTRIBUTES, NULL, NULL), JOSE_READ);
    assert_int_equal(ask(ATTRIBUTES, "lives_in", NULL), JOSE_MALFORMED);
    assert_int_equal(ask(ATTRIBUTES, "attributes", "[]"), JOSE_READ);
    claims[8].value = "[\"name\",\"age_over_18\"]";
}

static void a_sealed_block_is_a_compact_jwe(void **state) {
    (void)state;
    static const char *const refused[] = {"\"a.b.c.d.e\"", "\"....\"", "\"\"",
                                          "{\"protected\":\"e30\",\"ciphertext\":\"AA\"}"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(ask(OTP, "sealed", refused[i]), JOSE_MALFORMED);
    /* An escape stands for a character, here too. */
    static char escaped[JOSE_SAMPLE_SIZE + 16];
    (void)snprintf(escaped, sizeof escaped, "\"\\u%04x%s\"", (unsigned)sealed[0], sealed + 1);
    assert_int_equal(ask(OTP, "sealed", escaped), JOSE_READ);
    assert_claims();
}

static void one_json_rule_broken_anywhere_refuses_all(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
    } changes[] = {{"a", "1,\"a\":2"},
                   {"a", "{\"b\":1,\"b\":2}"},
                   {"a", "\"\xff\""},
                   {"a", "[1,]"},
                   {"a", "[[[[[[[[1]]]]]]]]"},
                   {"a", "\"\\ud800\""},
                   {"a", "\"\\u0000\""},
                   {"a", "1}"},
                   {"a", "01"},
                   {"\\u0069ss", "\"other\""}};
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        assert_int_equal(ask(OTP, changes[i].name, changes[i].value), JOSE_MALFORMED);
}

static void the_largest_body_is_read(void **state) {
    (void)state;
    static uint8_t ciphertext[100 * 1024];
    seal(bytes_of(ciphertext, sizeof ciphertext));
    assert_int_equal(ask(OTP, NULL, NULL), JOSE_READ);
    assert_int_equal(request.sealed.ciphertext.len, sizeof ciphertext);
    assert_true(strlen(body) < EDGE_BODY_MAX && strlen(body) > EDGE_BODY_MAX * 9 / 10);
    assert_int_equal(workspace.err, ERR_OK);
    seal(bytes_of_text("ciphertext"));
}

static int prepare(void **state) {
    (void)state;
    seal(bytes_of_text("ciphertext"));
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_read_with_its_claims),
        cmocka_unit_test(claims_alone_are_read_and_not_signed),
        cmocka_unit_test(the_media_type_says_what_the_body_is),
        cmocka_unit_test(a_path_is_one_of_the_three_to_the_character),
        cmocka_unit_test(unknown_claims_are_passed_over),
        cmocka_unit_test(a_claim_that_is_needed_and_wrong_is_malformed),
        cmocka_unit_test(texts_have_lengths),
        cmocka_unit_test(a_transaction_has_an_alphabet),
        cmocka_unit_test(a_time_is_digits),
        cmocka_unit_test(a_binding_is_thirty_two_bytes),
        cmocka_unit_test(channels_are_known_and_at_least_one),
        cmocka_unit_test(consent_is_true_or_nothing_is),
        cmocka_unit_test(attributes_are_visible_names_each_once),
        cmocka_unit_test(lives_in_names_one_part_of_the_address),
        cmocka_unit_test(a_sealed_block_is_a_compact_jwe),
        cmocka_unit_test(one_json_rule_broken_anywhere_refuses_all),
        cmocka_unit_test(the_largest_body_is_read),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
