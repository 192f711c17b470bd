#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/payload.h"
#include "authd/wire/sample_wire.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* The worked vectors of MOSIP's request and requestHMAC: key 00…1f, IV 00…0f. */
#define VECTOR_REQUEST                                                                             \
    "HE7PAknGcAqszegdYJIOn3bHAswC_qciKU5v76zL_PhcUrnFUHHlmtMZDGTRDNZCeUF4adY2PUdfgS_PoNT31mmqiSSW" \
    "COMAAQIDBAUGBwgJCgsMDQ4P"
#define VECTOR_HMAC                                                                                \
    "VCrhQw6geRneyJ0ZEZcehmWLL5NUzud1dXx75bbK_YgrOb3DT3SW-tFoc2fSD9xHZ0R5abQmArbmj5Iq1moDx2NcAVum" \
    "jtrxTXUc4Ue2ii0AAQIDBAUGBwgJCgsMDQ4P"

static uint8_t request[EDGE_BODY_MAX], hmac[EDGE_BODY_MAX];
static struct unseal_payload question;
static struct payload answer;
static uint8_t iv[16];
static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;

static void set_key(void) {
    for (size_t i = 0; i < sizeof question.content_key; i++)
        question.content_key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof iv; i++)
        iv[i] = (uint8_t)(0xa0 + i);
}

static void decode(const char *text, uint8_t *memory, struct bytes *view) {
    size_t len = 0;
    assert_int_equal(
        codec_base64_decode(bytes_of_text(text), CODEC_STRICT, memory, EDGE_BODY_MAX, &len),
        ERR_OK);
    *view = bytes_of(memory, len);
}

static void use_vectors(void) {
    set_key();
    decode(VECTOR_REQUEST, request, &question.request);
    decode(VECTOR_HMAC, hmac, &question.request_hmac);
}

static void use_plaintext(struct bytes plaintext) {
    set_key();
    question.request = bytes_of(
        request, sample_seal(question.content_key, iv, plaintext, request, sizeof request));
    question.request_hmac =
        bytes_of(hmac, sample_seal_hash(question.content_key, iv, plaintext, hmac, sizeof hmac));
}

static void unseal(void) {
    memset(&answer, 0x55, sizeof answer);
    workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(payload_unseal(&question, &workspace, &answer), ERR_OK);
}

static void assert_says_nothing(void) {
    assert_false(answer.is_json || answer.has_otp || answer.otp_well_formed ||
                 answer.has_demographics || answer.has_biometrics || answer.timestamp_valid);
    assert_int_equal(answer.timestamp.presence, FIELD_ABSENT);
    assert_string_equal(answer.otp, "");
}

static void the_worked_vectors_open(void **state) {
    (void)state;
    use_vectors();
    unseal();
    assert_true(answer.hmac_opened && answer.request_opened && answer.hash_matches);
    assert_true(answer.is_json && answer.has_otp && answer.otp_well_formed);
    assert_string_equal(answer.otp, "123456");
    assert_string_equal(answer.timestamp.text, "2024-01-15T10:20:30.123Z");
    assert_true(answer.timestamp_valid);
    assert_int_equal(answer.timestamp_ms, SAMPLE_NOW_MS);
    assert_false(answer.has_demographics || answer.has_biometrics || answer.has_static_pin ||
                 answer.has_password || answer.has_bound_tokens);
}

static void one_key_after_another_opens_what_is_its_own(void **state) {
    (void)state;
    use_vectors();
    question.content_key[31] ^= 1;
    unseal();
    assert_false(answer.hmac_opened || answer.request_opened || answer.hash_matches);
    assert_says_nothing();
    question.content_key[31] ^= 1;
    unseal();
    assert_true(answer.hash_matches && answer.has_otp);
}

/* Ciphertext, tag and IV: a change of any bit is found. */
static void no_changed_bit_opens(void **state) {
    (void)state;
    use_vectors();
    for (size_t i = 0; i < question.request.len; i++) {
        request[i] ^= (uint8_t)(1 << i % 8);
        unseal();
        assert_true(answer.hmac_opened && !answer.request_opened && !answer.hash_matches);
        assert_says_nothing();
        request[i] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t i = 0; i < question.request_hmac.len; i++) {
        hmac[i] ^= (uint8_t)(1 << i % 8);
        unseal();
        assert_true(!answer.hmac_opened && answer.request_opened && !answer.hash_matches);
        assert_says_nothing();
        hmac[i] ^= (uint8_t)(1 << i % 8);
    }
    unseal();
    assert_true(answer.hash_matches);
}

static void no_shortened_block_opens(void **state) {
    (void)state;
    use_vectors();
    struct bytes whole = question.request, whole_hmac = question.request_hmac;
    for (size_t len = 0; len < whole.len; len++) {
        question.request = bytes_of(whole.data + whole.len - len, len);
        unseal();
        assert_false(answer.request_opened);
        question.request = bytes_of(whole.data, len);
        unseal();
        assert_false(answer.request_opened);
    }
    question.request = whole;
    for (size_t len = 0; len < whole_hmac.len; len++) {
        question.request_hmac = bytes_of(whole_hmac.data, len);
        unseal();
        assert_false(answer.hmac_opened || answer.hash_matches);
    }
    question.request_hmac = bytes_of(NULL, 0);
    question.request = bytes_of(NULL, 0);
    unseal();
    assert_false(answer.hmac_opened || answer.request_opened);
}

static void the_hash_of_another_request_does_not_match(void **state) {
    (void)state;
    use_plaintext(bytes_of_text("{\"otp\":\"123456\"}"));
    size_t len = sample_seal_hash(question.content_key, iv, bytes_of_text("{\"otp\":\"654321\"}"),
                                  hmac, sizeof hmac);
    question.request_hmac = bytes_of(hmac, len);
    unseal();
    assert_true(answer.hmac_opened && answer.request_opened && !answer.hash_matches);
    assert_says_nothing();
}

static void the_hash_is_upper_case_hex_and_nothing_else(void **state) {
    (void)state;
    const char *plaintext = "{\"otp\":\"123456\",\"timestamp\":\"2024-01-15T10:20:30.123Z\"}";
    static const char *const wrong[] = {
        "3fa57d31c7f0d32518d23c461b60831bcf4724f43ae13995043382b7f2417aaa",
        "3FA57D31C7F0D32518D23C461B60831BCF4724F43AE13995043382B7F2417AAa",
        "3FA57D31C7F0D32518D23C461B60831BCF4724F43AE13995043382B7F2417AA",
        "3FA57D31C7F0D32518D23C461B60831BCF4724F43AE13995043382B7F2417AAA\n",
        "",
    };
    use_plaintext(bytes_of_text(plaintext));
    unseal();
    assert_true(answer.hash_matches);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        size_t len =
            sample_seal(question.content_key, iv, bytes_of_text(wrong[i]), hmac, sizeof hmac);
        question.request_hmac = bytes_of(hmac, len);
        unseal();
        assert_true(answer.request_opened && !answer.hash_matches);
        assert_says_nothing();
    }
}

static void what_opens_but_is_no_json_is_said_so(void **state) {
    (void)state;
    static const char *const plaintexts[] = {"",
                                             "[]",
                                             "{",
                                             "{\"otp\":\"123456\",\"otp\":\"123456\"}",
                                             "{\"otp\":\"\xff\"}",
                                             "{\"a\":1}x",
                                             "null",
                                             "\"a\"",
                                             "{\"a\":[[[[[[[[[1]]]]]]]]]}"};
    for (size_t i = 0; i < COUNT_OF(plaintexts); i++) {
        use_plaintext(bytes_of_text(plaintexts[i]));
        unseal();
        assert_true(answer.hash_matches);
        assert_says_nothing();
    }
}

static void the_largest_request_opens(void **state) {
    (void)state;
    static char plaintext[EDGE_BODY_MAX - 32];
    memset(plaintext, ' ', sizeof plaintext);
    memcpy(plaintext, "{\"otp\":\"123456\"}", 16);
    use_plaintext(bytes_of(plaintext, sizeof plaintext));
    for (int i = 0; i < 3; i++) {
        unseal();
        assert_true(answer.hash_matches && answer.otp_well_formed);
    }
}

static void read(const char *plaintext) {
    memset(&answer, 0, sizeof answer);
    workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    payload_read(bytes_of_text(plaintext), &workspace, &answer);
    assert_true(answer.is_json);
}

static bool has_any_factor(void) {
    return answer.has_otp || answer.has_demographics || answer.has_biometrics ||
           answer.has_static_pin || answer.has_password || answer.has_bound_tokens;
}

static void an_empty_factor_is_absent(void **state) {
    (void)state;
    static const char *const names[] = {"otp",       "demographics", "biometrics",
                                        "staticPin", "password",     "keyBindedTokens"};
    static const char *const empty[] = {"null", "\"\"", "[]", "{}", "[ ]", "{ }"};
    char text[128];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (size_t j = 0; j < COUNT_OF(empty); j++) {
            snprintf(text, sizeof text, "{\"%s\":%s}", names[i], empty[j]);
            read(text);
            assert_false(has_any_factor());
        }
    }
    read("{}");
    assert_false(has_any_factor());
    read("{\"biometrics\": [], \"demographics\": null, \"otp\": \"\", \"timestamp\": \"\"}");
    assert_false(has_any_factor());
    read("{\"demographics\":{\"name\":[],\"age\":null,\"dob\":\"\",\"metadata\":{}}}");
    assert_false(has_any_factor());
}

static void a_filled_factor_is_present_alone(void **state) {
    (void)state;
    read("{\"demographics\":{\"age\":null,\"name\":[{\"language\":\"fra\",\"value\":\"A\"}]}}");
    assert_true(answer.has_demographics);
    answer.has_demographics = false;
    assert_false(has_any_factor());
    read("{\"biometrics\":[{}]}");
    assert_true(answer.has_biometrics && !answer.has_otp);
    read("{\"staticPin\":\"1234\"}");
    assert_true(answer.has_static_pin && !answer.has_password);
    read("{\"password\":\"p\"}");
    assert_true(answer.has_password && !answer.has_static_pin);
    read("{\"keyBindedTokens\":[{\"type\":\"WLA\"}]}");
    assert_true(answer.has_bound_tokens && !answer.has_biometrics);
    read("{\"\\u006ftp\":\"12345\\u0036\"}");
    assert_true(answer.has_otp && answer.otp_well_formed);
    assert_string_equal(answer.otp, "123456");
}

static void an_otp_of_another_form_is_present_but_not_well_formed(void **state) {
    (void)state;
    static const char *const wrong[] = {"\"12345\"",    "\"1234567\"",
                                        "\"12345a\"",   "\" 12345\"",
                                        "\"123456 \"",  "\"\xd9\xa1\xd9\xa2\xd9\xa3\"",
                                        "123456",       "true",
                                        "[\"123456\"]", "{\"otp\":\"123456\"}",
                                        "\"+12345\"",   "\"12345678901234567890\"",
                                        "false",        "0"};
    char text[128];
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        snprintf(text, sizeof text, "{\"otp\":%s}", wrong[i]);
        read(text);
        assert_true(answer.has_otp);
        assert_false(answer.otp_well_formed);
        assert_string_equal(answer.otp, "");
    }
}

static void a_factor_of_a_wrong_type_is_present(void **state) {
    (void)state;
    read("{\"demographics\":\"x\",\"biometrics\":{\"a\":1},\"staticPin\":false,\"password\":[0],"
         "\"keyBindedTokens\":0}");
    assert_true(answer.has_demographics && answer.has_biometrics && answer.has_static_pin &&
                answer.has_password && answer.has_bound_tokens);
}

static void biometrics_are_handed_on_as_they_came(void **state) {
    (void)state;
    static struct biometric_segments segments;
    read("{\"biometrics\": [ {\"specVersion\":\"1.0\", \"n\":\"\\u0041\"},{}] }");
    assert_true(bytes_equal_text(answer.biometrics_text,
                                 "[ {\"specVersion\":\"1.0\", \"n\":\"\\u0041\"},{}]"));
    assert_int_equal(sample_wire_get_segments(answer.biometric_segments, &segments), ERR_OK);
    assert_true(segments.count == 2 && !segments.malformed && !segments.too_many);
    assert_string_equal(segments.segments[0].spec_version.text, "1.0");
    assert_int_equal(segments.segments[1].data.presence, FIELD_ABSENT);
}

static void biometrics_that_are_no_list_of_objects_are_malformed(void **state) {
    (void)state;
    static const char *const bad[] = {"{\"a\":1}", "\"a\"", "1", "true", "[{},1]", "[[]]"};
    static struct biometric_segments segments;
    char text[128];
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(text, sizeof text, "{\"biometrics\":%s}", bad[i]);
        read(text);
        assert_true(answer.has_biometrics && answer.biometrics_text.len == 0);
        assert_int_equal(sample_wire_get_segments(answer.biometric_segments, &segments), ERR_OK);
        assert_true(segments.malformed && segments.count == 0);
    }
}

static void more_segments_than_a_person_has_are_told(void **state) {
    (void)state;
    static struct biometric_segments segments;
    read("{\"biometrics\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}");
    assert_int_equal(sample_wire_get_segments(answer.biometric_segments, &segments), ERR_OK);
    assert_true(segments.too_many && segments.count == BIOMETRIC_SEGMENTS_MAX);
    assert_true(answer.biometrics_text.len > 0);
}

static void assert_demographic(size_t index, const char *name, const char *language,
                               const char *value) {
    const struct payload_demographic *demographic = &answer.demographics[index];
    assert_true(index < answer.demographic_count);
    assert_string_equal(demographic->name, name);
    assert_int_equal(demographic->language_presence,
                     language == NULL ? FIELD_ABSENT : FIELD_PRESENT);
    assert_string_equal(demographic->language, language == NULL ? "" : language);
    assert_true(bytes_equal_text(demographic->value, value));
}

static void demographics_are_read_in_either_form(void **state) {
    (void)state;
    read("{\"demographics\":{\"name\":[{\"language\":\"ara\",\"value\":\"\\u0639\\u0644\\u064a\"},"
         "{\"value\":\"Ali\",\"language\":\"fra\",\"type\":7}],\"dob\":\"1980/06/15\","
         "\"metadata\":{\"a\":[1]},\"mother\":\"A\\/"
         "B\",\"age\":\"\",\"gender\":[],\"location1\":null,"
         "\"shoe\":[{\"value\":\"\"}]}}");
    assert_true(answer.has_demographics && !answer.demographics_malformed);
    assert_int_equal(answer.demographic_count, 5);
    assert_demographic(0, "name", "ara", "\xd8\xb9\xd9\x84\xd9\x8a");
    assert_demographic(1, "name", "fra", "Ali");
    assert_demographic(2, "dob", NULL, "1980/06/15");
    assert_demographic(3, "mother", NULL, "A/B");
    assert_demographic(4, "shoe", NULL, "");
}

static void a_language_that_is_not_there_is_said_so(void **state) {
    (void)state;
    read("{\"demographics\":{\"name\":[{\"value\":\"A\"},{\"language\":null,\"value\":\"B\"},"
         "{\"language\":\"french-of-france\",\"value\":\"C\"},{\"language\":\"\",\"value\":\"D\"}]}"
         "}");
    static const enum field_presence expected[] = {FIELD_ABSENT, FIELD_NULL, FIELD_TOO_LONG,
                                                   FIELD_PRESENT};
    assert_int_equal(answer.demographic_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(answer.demographics[i].language_presence, expected[i]);
        assert_string_equal(answer.demographics[i].language, "");
    }
}

static void metadata_alone_is_no_factor(void **state) {
    (void)state;
    read("{\"demographics\":{\"metadata\":{\"a\":1},\"name\":[]}}");
    assert_false(has_any_factor() || answer.demographics_malformed);
}

static void assert_malformed(const char *plaintext) {
    read(plaintext);
    assert_true(answer.has_demographics && answer.demographics_malformed);
    assert_int_equal(answer.demographic_count, 0);
}

static void demographics_of_another_form_are_malformed_as_a_whole(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "\"x\"",
        "[1]",
        "7",
        "false",
        "{\"dob\":\"1980/06/15\",\"age\":42}",
        "{\"dob\":\"1980/06/15\",\"age\":true}",
        "{\"dob\":\"1980/06/15\",\"name\":{\"language\":\"fra\",\"value\":\"A\"}}",
        "{\"name\":[\"A\"]}",
        "{\"name\":[null]}",
        "{\"name\":[{}]}",
        "{\"name\":[[]]}",
        "{\"name\":[{\"language\":\"fra\"}]}",
        "{\"name\":[{\"language\":\"fra\",\"value\":null}]}",
        "{\"name\":[{\"language\":\"fra\",\"value\":1}]}",
        "{\"name\":[{\"language\":1,\"value\":\"A\"}]}",
        "{\"name\":[{\"language\":\"fra\",\"value\":\"A\"},{\"language\":\"ara\",\"value\":[\"B\"]}"
        "]}",
        "{\"\":\"A\"}",
        "{\"a name\":\"A\"}",
        "{\"na\\u00efve\":\"A\"}",
        "{\"n\\u0001\":\"A\"}",
    };
    char text[256];
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        snprintf(text, sizeof text, "{\"demographics\":%s}", wrong[i]);
        assert_malformed(text);
    }
}

/* {"demographics":{NAME:[{"value":V}, …]}} with names and values of these lengths. */
static const char *demographics_of(size_t name_len, size_t count, size_t value_len) {
    static char text[64 * 1024], name[256], value[1024];
    memset(name, 'n', sizeof name);
    memset(value, 'v', sizeof value);
    int len = snprintf(text, sizeof text, "{\"demographics\":{\"%.*s\":[", (int)name_len, name);
    for (size_t i = 0; i < count; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s{\"value\":\"%.*s\"}",
                        i == 0 ? "" : ",", (int)value_len, value);
    snprintf(text + len, sizeof text - (size_t)len, "]}}");
    return text;
}

static void demographics_have_bounds(void **state) {
    (void)state;
    const size_t name_max = PAYLOAD_DEMOGRAPHIC_NAME_SIZE - 1;
    read(demographics_of(name_max, PAYLOAD_DEMOGRAPHICS_MAX, PAYLOAD_VALUE_MAX));
    assert_false(answer.demographics_malformed);
    assert_int_equal(answer.demographic_count, PAYLOAD_DEMOGRAPHICS_MAX);
    assert_int_equal(answer.demographics[PAYLOAD_DEMOGRAPHICS_MAX - 1].value.len,
                     PAYLOAD_VALUE_MAX);
    assert_malformed(demographics_of(name_max + 1, 1, 1));
    assert_malformed(demographics_of(1, PAYLOAD_DEMOGRAPHICS_MAX + 1, 1));
    assert_malformed(demographics_of(1, 1, PAYLOAD_VALUE_MAX + 1));
}

static void demographics_stay_readable_after_the_plaintext_is_wiped(void **state) {
    (void)state;
    use_plaintext(bytes_of_text("{\"demographics\":{\"dob\":\"1980/06/15\"}}"));
    unseal();
    assert_true(answer.hash_matches && answer.has_demographics);
    assert_demographic(0, "dob", NULL, "1980/06/15");
    assert_ptr_equal(answer.demographics[0].value.data, workspace_memory);
    assert_int_equal(workspace.len, strlen("1980/06/15"));
}

static void a_timestamp_is_a_time_or_says_why_not(void **state) {
    (void)state;
    read("{\"timestamp\":\"2024-01-15T11:20:30.123+01:00\"}");
    assert_true(answer.timestamp_valid);
    assert_int_equal(answer.timestamp_ms, SAMPLE_NOW_MS);
    read("{\"timestamp\":\"2024-02-30T10:20:30.123Z\"}");
    assert_int_equal(answer.timestamp.presence, FIELD_PRESENT);
    assert_false(answer.timestamp_valid);
    assert_int_equal(answer.timestamp_ms, 0);
    read("{\"timestamp\":null}");
    assert_int_equal(answer.timestamp.presence, FIELD_NULL);
    read("{\"timestamp\":1705314030123}");
    assert_int_equal(answer.timestamp.presence, FIELD_WRONG_TYPE);
    read("{}");
    assert_int_equal(answer.timestamp.presence, FIELD_ABSENT);
    read("{\"timestamp\":\"2024-01-15T10:20:30.123Z2024-01-15T10:20:30.123Z\"}");
    assert_int_equal(answer.timestamp.presence, FIELD_TOO_LONG);
    assert_string_equal(answer.timestamp.text, "");
}

static void a_time_before_1970_is_still_a_time(void **state) {
    (void)state;
    read("{\"timestamp\":\"1960-01-01T00:00:00.000Z\"}");
    assert_true(answer.timestamp_valid);
    assert_true(answer.timestamp_ms < 0);
}

static int open_all(void **state) {
    (void)state;
    return secret_arena_open(PAYLOAD_ARENA_BYTES) == ERR_OK && payload_open() == ERR_OK ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    payload_close();
    assert_int_equal(payload_unseal(&question, &workspace, &answer), ERR_CRYPTO);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_vectors_open),
        cmocka_unit_test(one_key_after_another_opens_what_is_its_own),
        cmocka_unit_test(no_changed_bit_opens),
        cmocka_unit_test(no_shortened_block_opens),
        cmocka_unit_test(the_hash_of_another_request_does_not_match),
        cmocka_unit_test(the_hash_is_upper_case_hex_and_nothing_else),
        cmocka_unit_test(what_opens_but_is_no_json_is_said_so),
        cmocka_unit_test(the_largest_request_opens),
        cmocka_unit_test(an_empty_factor_is_absent),
        cmocka_unit_test(a_filled_factor_is_present_alone),
        cmocka_unit_test(an_otp_of_another_form_is_present_but_not_well_formed),
        cmocka_unit_test(a_factor_of_a_wrong_type_is_present),
        cmocka_unit_test(biometrics_are_handed_on_as_they_came),
        cmocka_unit_test(biometrics_that_are_no_list_of_objects_are_malformed),
        cmocka_unit_test(more_segments_than_a_person_has_are_told),
        cmocka_unit_test(demographics_are_read_in_either_form),
        cmocka_unit_test(a_language_that_is_not_there_is_said_so),
        cmocka_unit_test(metadata_alone_is_no_factor),
        cmocka_unit_test(demographics_of_another_form_are_malformed_as_a_whole),
        cmocka_unit_test(demographics_have_bounds),
        cmocka_unit_test(demographics_stay_readable_after_the_plaintext_is_wiped),
        cmocka_unit_test(a_timestamp_is_a_time_or_says_why_not),
        cmocka_unit_test(a_time_before_1970_is_still_a_time),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
