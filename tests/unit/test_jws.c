#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jws.h"
#include "tests/unit/unsealed_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct sample_holder signer;
static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;
static struct jws jws;

static void read(const char *header) {
    workspace = buffer_over(memory, sizeof memory);
    memset(&jws, 0x55, sizeof jws);
    jws_read(bytes_of_text(header), &workspace, &jws);
    assert_int_equal(workspace.err, ERR_OK);
    if (jws.shape != JWS_READ)
        assert_int_equal(jws.protected_header.len + jws.signature.len + jws.certificate.len, 0);
}

/* Puts the protected JSON before a signature of no meaning. */
static void read_protected(const char *json) {
    static char text[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    sample_base64url(bytes_of_text(json), text);
    sample_format(header, "%s..c2lnbmF0dXJl", text);
    read(header);
}

/* Puts ${x5c}, JSON already, into a header. */
static void read_x5c(const char *x5c) {
    static char text[SAMPLE_TEXT_SIZE];
    sample_format(text, "{\"alg\":\"RS256\",\"x5c\":%s}", x5c);
    read_protected(text);
}

static void assert_reads_certificate(void) {
    assert_int_equal(jws.shape, JWS_READ);
    assert_true(bytes_equal(jws.certificate, sample_der(&signer)));
    assert_true(bytes_equal_text(jws.signature, "signature"));
}

static void a_signature_by_the_book_is_read(void **state) {
    (void)state;
    static char json[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    sample_jws_header(&signer, json);
    sample_jws(json, signer.key, bytes_of_text("{}"), header);
    read(header);
    assert_int_equal(jws.shape, JWS_READ);
    assert_int_equal(jws.signature.len, 256);
    assert_true(bytes_equal(jws.certificate, sample_der(&signer)));
    assert_ptr_equal(jws.protected_header.data, header);
    assert_int_equal(jws.protected_header.len, strstr(header, "..") - header);
}

/* The Python SDK: base64 of the PEM text, broken after every 76 characters. */
static void the_sdk_s_certificate_is_read(void **state) {
    (void)state;
    static char pem[SAMPLE_TEXT_SIZE], lines[SAMPLE_TEXT_SIZE], x5c[SAMPLE_TEXT_SIZE];
    static const char *const breaks[] = {"\\n", "\\r\\n", "\\u000a", ""};
    sample_pem(&signer, pem);
    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        sample_base64_lines(bytes_of_text(pem), breaks[i], lines);
        sample_format(x5c, "[\"%s\"]", lines);
        read_x5c(x5c);
        assert_reads_certificate();
    }
}

static void der_with_line_breaks_and_a_bare_string_are_read(void **state) {
    (void)state;
    static char lines[SAMPLE_TEXT_SIZE], x5c[SAMPLE_TEXT_SIZE];
    sample_base64_lines(sample_der(&signer), "\\n", lines);
    sample_format(x5c, "[\"%s\"]", lines);
    read_x5c(x5c);
    assert_reads_certificate();
    sample_format(x5c, "\"%s\"", lines);
    read_x5c(x5c);
    assert_reads_certificate();
    sample_base64url(sample_der(&signer), lines);
    sample_format(x5c, "[\"%s\"]", lines);
    read_x5c(x5c);
    assert_reads_certificate();
}

static void only_the_first_certificate_counts(void **state) {
    (void)state;
    static char lines[SAMPLE_TEXT_SIZE], x5c[SAMPLE_TEXT_SIZE];
    sample_base64_lines(sample_der(&signer), "", lines);
    sample_format(x5c, "[\"%s\",\"no certificate\",5]", lines);
    read_x5c(x5c);
    assert_reads_certificate();
    sample_format(x5c, "[\"AAAA\",\"%s\"]", lines);
    read_x5c(x5c);
    assert_int_equal(jws.shape, JWS_BAD_CERTIFICATE);
}

static void members_without_meaning_here_are_passed_over(void **state) {
    (void)state;
    static char lines[SAMPLE_TEXT_SIZE], json[SAMPLE_TEXT_SIZE];
    sample_base64_lines(sample_der(&signer), "", lines);
    sample_format(
        json,
        " {\"kid\":\"x\",\"typ\":\"JWT\",\"b64\":false,\"x5t#S256\":\"y\",\"jku\":\"http://x\","
        "\"jwk\":{\"kty\":\"oct\"},\"x5c\":[\"%s\"],\"alg\":\"RS256\"} ",
        lines);
    read_protected(json);
    assert_reads_certificate();
}

static void what_is_no_detached_compact_jws_is_malformed(void **state) {
    (void)state;
    static char json[SAMPLE_TEXT_SIZE], good[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    static const char *const plain[] = {
        "",      ".",      "..",    "...",      "x",         "Authorization",
        "a.b.c", "..c2ln", "e30..", "e30.c2ln", "\xff..\xff"};
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        read(plain[i]);
        assert_int_equal(jws.shape, JWS_MALFORMED);
    }
    sample_jws_header(&signer, json);
    sample_jws(json, signer.key, bytes_of_text("{}"), good);
    const char *signature = strstr(good, "..") + 2;
    *strstr(good, "..") = '\0';
    static const struct {
        const char *before, *between, *behind;
    } forms[] = {{"", ".e30.", ""}, {"", "...", ""},  {".", "..", ""},       {"", "..", "."},
                 {"", "..", "="},   {"", "=..", ""},  {"", "..+", ""},       {"", "..", "\n"},
                 {" ", "..", ""},   {"", "..", ".."}, {"", "..", "\r\nA: b"}};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        sample_format(header, "%s%s%s%s%s", forms[i].before, good, forms[i].between, signature,
                      forms[i].behind);
        read(header);
        assert_int_equal(jws.shape, JWS_MALFORMED);
    }
}

static void every_shortened_header_is_malformed_or_another_signature(void **state) {
    (void)state;
    static char json[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE];
    sample_jws_header(&signer, json);
    sample_jws(json, signer.key, bytes_of_text("{}"), header);
    size_t dots = (size_t)(strstr(header, "..") - header);
    for (size_t len = 0; len < strlen(header); len += len < dots ? 7 : 1) {
        workspace = buffer_over(memory, sizeof memory);
        jws_read(bytes_of(header, len), &workspace, &jws);
        assert_true(jws.shape == JWS_MALFORMED || (len > dots + 2 && jws.signature.len < 256));
    }
}

static void any_algorithm_but_rs256_is_malformed(void **state) {
    (void)state;
    static const char *const algorithms[] = {"\"none\"",  "\"HS256\"", "\"PS256\"",   "\"ES256\"",
                                             "\"RS512\"", "\"rs256\"", "\"RS256 \"",  "\"\"",
                                             "null",      "256",       "[\"RS256\"]", "true"};
    static char json[SAMPLE_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        sample_format(json, "{\"alg\":%s,\"x5c\":[\"AA\"]}", algorithms[i]);
        read_protected(json);
        assert_int_equal(jws.shape, JWS_MALFORMED);
    }
    read_protected("{\"x5c\":[\"AA\"]}");
    assert_int_equal(jws.shape, JWS_MALFORMED);
}

static void any_critical_extension_is_malformed(void **state) {
    (void)state;
    static const char *const criticals[] = {"[\"b64\"]", "[\"exp\"]", "[]", "null", "\"b64\""};
    static char json[SAMPLE_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(criticals); i++) {
        sample_format(json, "{\"alg\":\"RS256\",\"b64\":true,\"crit\":%s}", criticals[i]);
        read_protected(json);
        assert_int_equal(jws.shape, JWS_MALFORMED);
    }
}

static void a_header_that_is_not_strict_json_is_malformed(void **state) {
    (void)state;
    static const char *const headers[] = {"[]",
                                          "\"RS256\"",
                                          "{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
                                          "{\"alg\":\"RS256\"",
                                          "{\"alg\":\"RS256\"}x",
                                          "{\"alg\":\"RS256\",\"a\":\"\xff\"}",
                                          "{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}"};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        read_protected(headers[i]);
        assert_int_equal(jws.shape, JWS_MALFORMED);
    }
}

static void no_certificate_is_told_from_a_bad_one(void **state) {
    (void)state;
    read_protected("{\"alg\":\"RS256\"}");
    assert_int_equal(jws.shape, JWS_NO_CERTIFICATE);
    static const char *const none[] = {"null", "[]"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        read_x5c(none[i]);
        assert_int_equal(jws.shape, JWS_NO_CERTIFICATE);
    }
    static const char *const bad[] = {"\"\"",           "[\"\"]",     "5",          "{}",
                                      "[null]",         "[[]]",       "[\"!\"]",    "[\"AAAA\"]",
                                      "[\"MAMCAQU=\"]", "[\"MIIB\"]", "[\"LS0t\"]", "[\"MA A\"]"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        read_x5c(bad[i]);
        assert_int_equal(jws.shape, JWS_BAD_CERTIFICATE);
    }
}

static void a_certificate_cut_or_continued_is_bad(void **state) {
    (void)state;
    static char lines[SAMPLE_TEXT_SIZE], x5c[SAMPLE_TEXT_SIZE];
    uint8_t der[SAMPLE_CHUNK_SIZE + 1] = {0};
    memcpy(der, signer.der, signer.der_len);
    size_t lengths[] = {signer.der_len - 1, signer.der_len + 1, signer.der_len / 2, 4, 1};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        sample_base64_lines(bytes_of(der, lengths[i]), "", lines);
        sample_format(x5c, "[\"%s\"]", lines);
        read_x5c(x5c);
        assert_int_equal(jws.shape, JWS_BAD_CERTIFICATE);
    }
}

static void a_signature_longer_than_any_key_s_is_malformed(void **state) {
    (void)state;
    static char json[SAMPLE_TEXT_SIZE], text[SAMPLE_TEXT_SIZE], signature[SAMPLE_TEXT_SIZE],
        header[SAMPLE_TEXT_SIZE];
    static uint8_t bytes[513];
    sample_jws_header(&signer, json);
    sample_base64url(bytes_of_text(json), text);
    sample_base64url(bytes_of(bytes, 512), signature);
    sample_format(header, "%s..%s", text, signature);
    read(header);
    assert_int_equal(jws.shape, JWS_READ);
    sample_base64url(bytes_of(bytes, 513), signature);
    sample_format(header, "%s..%s", text, signature);
    read(header);
    assert_int_equal(jws.shape, JWS_MALFORMED);
}

static int make_signer(void **state) {
    (void)state;
    sample_certify(&(struct sample_subject){.name = "tayssir", .bits = 2048}, NULL, &signer);
    return 0;
}

static int free_signer(void **state) {
    (void)state;
    sample_free(&signer);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_by_the_book_is_read),
        cmocka_unit_test(the_sdk_s_certificate_is_read),
        cmocka_unit_test(der_with_line_breaks_and_a_bare_string_are_read),
        cmocka_unit_test(only_the_first_certificate_counts),
        cmocka_unit_test(members_without_meaning_here_are_passed_over),
        cmocka_unit_test(what_is_no_detached_compact_jws_is_malformed),
        cmocka_unit_test(every_shortened_header_is_malformed_or_another_signature),
        cmocka_unit_test(any_algorithm_but_rs256_is_malformed),
        cmocka_unit_test(any_critical_extension_is_malformed),
        cmocka_unit_test(a_header_that_is_not_strict_json_is_malformed),
        cmocka_unit_test(no_certificate_is_told_from_a_bad_one),
        cmocka_unit_test(a_certificate_cut_or_continued_is_bad),
        cmocka_unit_test(a_signature_longer_than_any_key_s_is_malformed),
    };
    return cmocka_run_group_tests(tests, make_signer, free_signer);
}
