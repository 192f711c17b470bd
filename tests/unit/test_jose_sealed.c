#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/jose_sealed.h"
#include "authd/unseal/payload.h"
#include "firmware/base/frame.h"
#include "tests/unit/jose_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define HEADER          "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSJ9"

static uint8_t ciphertext[EDGE_BODY_MAX];
static struct jose_sealed_question question;
static struct jose_sealed answer;
static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;

static void seal(struct bytes plaintext) {
    question = (struct jose_sealed_question){.protected_header = bytes_of_text(HEADER),
                                             .ciphertext = bytes_of(ciphertext, plaintext.len)};
    for (size_t i = 0; i < sizeof question.content_key; i++)
        question.content_key[i] = (uint8_t)i;
    memset(question.iv, 0xa5, sizeof question.iv);
    struct jose_sample_sealing sealing = {.key = question.content_key,
                                          .iv = question.iv,
                                          .additional = question.protected_header,
                                          .plaintext = plaintext};
    jose_sample_seal(&sealing, ciphertext, question.tag);
}

static void assert_can_be_said(void) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    static struct jose_sealed again;
    struct buffer target = buffer_over(memory, sizeof memory);
    jose_wire_put_sealed(&target, &answer);
    assert_int_equal(target.err, ERR_OK);
    assert_int_equal(jose_wire_get_sealed(bytes_of(memory, target.len), &again), ERR_OK);
    assert_int_equal(again.well_formed, answer.well_formed);
}

static void unseal(void) {
    memset(&answer, 0x55, sizeof answer);
    workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    assert_int_equal(jose_sealed_unseal(&question, &workspace, &answer), ERR_OK);
    assert_can_be_said();
}

static void assert_says_nothing(bool opened) {
    static struct jose_sealed nothing;
    assert_int_equal(answer.opened, opened);
    answer.opened = false;
    assert_memory_equal(&answer, &nothing, sizeof nothing);
}

/* The plaintext with one member changed. */
static void read(const char *name, const char *value) {
    seal(bytes_of_text(jose_sample_object(jose_sample_plaintext, name, value)));
    unseal();
    assert_true(answer.opened);
    if (!answer.well_formed)
        assert_says_nothing(true);
}

/* RFC 7516 appendix A.1: the key of A.1.2, the header as A.1.5 has it, IV, ciphertext and tag. */
static const uint8_t a1_key[] = {177, 161, 244, 128, 84,  143, 225, 115, 63, 180, 3,
                                 255, 107, 154, 212, 246, 138, 7,   110, 91, 112, 46,
                                 34,  105, 47,  130, 203, 46,  122, 234, 64, 252};
static const uint8_t a1_iv[] = {227, 197, 117, 252, 2, 219, 233, 68, 180, 225, 77, 219};
static const uint8_t a1_ciphertext[] = {
    229, 236, 166, 241, 53,  191, 115, 196, 174, 43,  73,  109, 39,  122, 233, 96,
    140, 206, 120, 52,  51,  237, 48,  11,  190, 219, 186, 80,  111, 104, 50,  142,
    47,  167, 59,  61,  181, 127, 196, 21,  40,  82,  242, 32,  123, 143, 168, 226,
    73,  216, 176, 144, 138, 247, 106, 60,  16,  205, 160, 109, 64,  63,  192};
static const uint8_t a1_tag[] = {92,  80,  104, 49,  133, 25, 161, 215,
                                 173, 101, 219, 211, 136, 91, 210, 145};

static void the_example_of_rfc_7516_opens(void **state) {
    (void)state;
    bool opened = false;
    struct gcm_sealed sealed = {.iv = bytes_of(a1_iv, sizeof a1_iv),
                                .additional =
                                    bytes_of_text("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ"),
                                .ciphertext = bytes_of(a1_ciphertext, sizeof a1_ciphertext),
                                .tag = a1_tag};
    SECRET(plaintext);
    SECRET(nothing);
    assert_int_equal(gcm_set_key(a1_key, sizeof a1_iv), ERR_OK);
    assert_int_equal(gcm_decrypt(&sealed, &plaintext, &opened), ERR_OK);
    assert_true(opened);
    assert_true(
        bytes_equal_text(secret_view(&plaintext),
                         "The true sign of intelligence is not knowledge but imagination."));
    sealed.additional = bytes_of_text("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifR");
    assert_int_equal(gcm_decrypt(&sealed, &nothing, &opened), ERR_OK);
    assert_false(opened);
    assert_int_equal(nothing.len, 0);
    gcm_forget_key();
}

static void without_a_key_or_with_another_iv_nothing_opens(void **state) {
    (void)state;
    bool opened = true;
    struct gcm_sealed sealed = {.iv = bytes_of(a1_iv, sizeof a1_iv),
                                .ciphertext = bytes_of(a1_ciphertext, sizeof a1_ciphertext),
                                .tag = a1_tag};
    SECRET(plaintext);
    gcm_forget_key();
    assert_int_equal(gcm_decrypt(&sealed, &plaintext, &opened), ERR_OK);
    assert_false(opened);
    assert_int_equal(gcm_set_key(a1_key, 16), ERR_OK);
    assert_int_equal(gcm_decrypt(&sealed, &plaintext, &opened), ERR_OK);
    assert_false(opened);
    gcm_forget_key();
}

static void what_a_device_sealed_is_read(void **state) {
    (void)state;
    read(NULL, NULL);
    assert_true(answer.well_formed);
    assert_string_equal(answer.audience, "https://127.0.0.1:8444");
    assert_string_equal(answer.issuer, "tayssir");
    assert_string_equal(answer.transaction, "1234567890");
    assert_int_equal(answer.captured_ms, 1705314030000);
    assert_string_equal(answer.nonce, "0123456789-_abcdefghij");
    assert_string_equal(answer.device, "counter 4");
    assert_string_equal(answer.individual_id, "5938714605");
    assert_string_equal(answer.individual_id_type, "UIN");
    assert_true(answer.payload.has_otp && answer.payload.otp_well_formed);
    assert_string_equal(answer.payload.otp, "123456");
    assert_true(answer.payload.has_demographics);
    assert_int_equal(answer.payload.demographic_count, 1);
    assert_ptr_equal(answer.payload.demographics[0].value.data, workspace_memory);
    assert_false(answer.payload.is_json || answer.payload.has_biometrics);
}

static void no_changed_bit_opens(void **state) {
    (void)state;
    seal(bytes_of_text(jose_sample_object(jose_sample_plaintext, NULL, NULL)));
    static uint8_t header[sizeof HEADER];
    memcpy(header, HEADER, sizeof HEADER);
    question.protected_header = bytes_of(header, sizeof HEADER - 1);
    const struct {
        uint8_t *at;
        size_t len;
    } parts[] = {{header, sizeof HEADER - 1},
                 {ciphertext, question.ciphertext.len},
                 {question.iv, sizeof question.iv},
                 {question.tag, sizeof question.tag},
                 {question.content_key, sizeof question.content_key}};
    for (size_t part = 0; part < COUNT_OF(parts); part++) {
        for (size_t i = 0; i < parts[part].len; i++) {
            parts[part].at[i] ^= (uint8_t)(1 << i % 8);
            unseal();
            assert_says_nothing(false);
            parts[part].at[i] ^= (uint8_t)(1 << i % 8);
        }
    }
    unseal();
    assert_true(answer.well_formed);
}

static void a_header_or_ciphertext_cut_short_does_not_open(void **state) {
    (void)state;
    seal(bytes_of_text(jose_sample_object(jose_sample_plaintext, NULL, NULL)));
    struct jose_sealed_question whole = question;
    for (size_t len = 0; len < whole.ciphertext.len; len++) {
        question.ciphertext.len = len;
        unseal();
        assert_says_nothing(false);
    }
    question = whole;
    for (size_t len = 0; len < whole.protected_header.len; len++) {
        question.protected_header.len = len;
        unseal();
        assert_says_nothing(false);
    }
}

static void a_member_that_is_not_there_or_no_text_makes_it_malformed(void **state) {
    (void)state;
    static const char *const names[] = {
        "aud", "iss", "txn", "nonce", "device", "individualId", "individualIdType"};
    static const char *const values[] = {
        NULL, "null", "\"\"", "7", "[]", "{}", "\"12345678901234567890\\n12\""};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (size_t j = 0; j < COUNT_OF(values); j++) {
            read(names[i], values[j]);
            assert_false(answer.well_formed);
        }
    }
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
    } texts[] = {{"aud", 1, 255},   {"iss", 1, 63},    {"txn", 8, 15},
                 {"nonce", 22, 64}, {"device", 1, 63}, {"individualId", 1, 127}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const size_t lengths[] = {texts[i].min, texts[i].max, texts[i].min - 1, texts[i].max + 1};
        for (size_t j = 0; j < COUNT_OF(lengths); j++) {
            read(texts[i].name, text_of_length(lengths[j]));
            assert_int_equal(answer.well_formed, j < 2);
        }
    }
}

static void each_member_has_its_own_form(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
        bool well_formed;
    } members[] = {
        {"individualIdType", "\"VID\"", true},
        {"individualIdType", "\"uin\"", false},
        {"individualIdType", "\"HANDLE\"", false},
        {"nonce", "\"0123456789.abcdefghijkl\"", false},
        {"nonce", "\"0123456789+abcdefghijkl\"", false},
        {"txn", "\"1234.678\"", true},
        {"txn", "\"1234~678\"", false},
        {"iat", NULL, false},
        {"iat", "\"1705314030\"", false},
        {"iat", "1705314030.0", false},
        {"iat", "-1", false},
        {"iat", "0", true},
        {"unknown", "{\"a\":[]}", true},
        {"otp", NULL, true},
        {"otp", "null", true},
        {"otp", "\"12345\"", false},
        {"otp", "\"1234567\"", false},
        {"otp", "\"12345a\"", false},
        {"otp", "123456", false},
        {"otp", "[\"123456\"]", false},
        {"demographics", NULL, true},
        {"demographics", "{}", true},
        {"demographics", "\"x\"", false},
        {"demographics", "{\"dob\":7}", false},
        {"iss", "\"a\",\"iss\":\"b\"", false},
        {"individual\\u0049d", "\"5938714606\"", false},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        read(members[i].name, members[i].value);
        assert_int_equal(answer.well_formed, members[i].well_formed);
    }
}

static void an_absent_factor_is_absent(void **state) {
    (void)state;
    read("otp", NULL);
    assert_true(answer.well_formed && !answer.payload.has_otp && answer.payload.has_demographics);
    read("demographics", NULL);
    assert_true(answer.well_formed && answer.payload.has_otp && !answer.payload.has_demographics);
    read("biometrics", "[{}]");
    assert_true(answer.well_formed && answer.payload.has_biometrics);
    assert_true(bytes_equal_text(answer.payload.biometrics_text, "[{}]"));
    read("biometrics", "[{},1]");
    assert_false(answer.well_formed || answer.payload.has_biometrics);
    read("biometrics", "\"a\"");
    assert_false(answer.well_formed);
}

static void what_opens_and_is_no_json_is_not_well_formed(void **state) {
    (void)state;
    static const char *const plaintexts[] = {
        "{", "[]", "null", "{}x", "{\"a\":\"\xff\"}", "{\"a\":[[[[[[[[[1]]]]]]]]]}"};
    for (size_t i = 0; i < COUNT_OF(plaintexts); i++) {
        seal(bytes_of_text(plaintexts[i]));
        unseal();
        assert_says_nothing(true);
    }
}

static void the_largest_block_opens(void **state) {
    (void)state;
    static char plaintext[EDGE_BODY_MAX];
    memset(plaintext, ' ', sizeof plaintext);
    const char *json = jose_sample_object(jose_sample_plaintext, NULL, NULL);
    memcpy(plaintext, json, strlen(json));
    seal(bytes_of(plaintext, sizeof plaintext));
    for (int i = 0; i < 3; i++) {
        unseal();
        assert_true(answer.well_formed);
    }
}

static int prepare(void **state) {
    (void)state;
    return secret_arena_open(PAYLOAD_ARENA_BYTES) == ERR_OK && gcm_open() == ERR_OK ? 0 : -1;
}

static int finish(void **state) {
    (void)state;
    gcm_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_7516_opens),
        cmocka_unit_test(without_a_key_or_with_another_iv_nothing_opens),
        cmocka_unit_test(what_a_device_sealed_is_read),
        cmocka_unit_test(no_changed_bit_opens),
        cmocka_unit_test(a_header_or_ciphertext_cut_short_does_not_open),
        cmocka_unit_test(a_member_that_is_not_there_or_no_text_makes_it_malformed),
        cmocka_unit_test(texts_have_lengths),
        cmocka_unit_test(each_member_has_its_own_form),
        cmocka_unit_test(an_absent_factor_is_absent),
        cmocka_unit_test(what_opens_and_is_no_json_is_not_well_formed),
        cmocka_unit_test(the_largest_block_opens),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
