#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/head.h"

#define BODY_MAX    1000
#define HEADERS_MAX 8
#define AUTH        "/idauthentication/v1/auth/a/b/c"
#define JSON                                                                                       \
    { "Content-Type", "application/json" }
#define HOST                                                                                       \
    { "Host", "localhost" }
#define USUAL HOST, JSON

struct line {
    const char *name, *value;
};

struct example {
    const char *what;
    const char *method, *target, *version;
    struct line lines[HEADERS_MAX];
    unsigned status;
    bool hang_up;
};

static struct head_verdict judge(const struct example *example) {
    struct head head = {.method = bytes_of_text(example->method),
                        .version = bytes_of_text(example->version)};
    head_target(&head, bytes_of_text(example->target));
    for (size_t i = 0; i < HEADERS_MAX && example->lines[i].name != NULL; i++)
        head_add(&head, bytes_of_text(example->lines[i].name),
                 bytes_of_text(example->lines[i].value));
    return head_judge(&head, BODY_MAX);
}

static void expect(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct head_verdict verdict = judge(&examples[i]);
        if (verdict.status != examples[i].status || verdict.hang_up != examples[i].hang_up)
            fail_msg("%s: %u, %s", examples[i].what, verdict.status,
                     verdict.hang_up ? "hangs up" : "stays");
    }
}
#define EXPECT(examples) expect(examples, sizeof(examples) / sizeof *(examples))

static void sound_heads_are_let_through(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"no body", "POST", AUTH, "HTTP/1.1", {USUAL}, 0, false},
        {"query", "POST", AUTH "?x=y", "HTTP/1.1", {USUAL}, 0, false},
        {"length", "POST", AUTH, "HTTP/1.1", {USUAL, {"content-length", "1000"}}, 0, false},
        {"length with space",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "7 \t"}},
         0,
         false},
        {"chunked", "POST", AUTH, "HTTP/1.1", {USUAL, {"Transfer-Encoding", "Chunked"}}, 0, false},
        {"1.0 without Host", "POST", AUTH, "HTTP/1.0", {JSON}, 0, false},
        {"charset",
         "POST",
         AUTH,
         "HTTP/1.1",
         {HOST, {"CONTENT-TYPE", "application/JSON;charset=UTF-8"}},
         0,
         false},
        {"GET", "GET", "/health/state", "HTTP/1.1", {HOST}, 0, false},
        {"GET of length 0",
         "GET",
         "/health/state",
         "HTTP/1.1",
         {HOST, {"Content-Length", "0"}},
         0,
         false},
        {"unknown header twice",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"X", "1"}, {"X", "2"}},
         0,
         false},
        {"bytes above ASCII in a value",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"X", "\xc3\xa9\t"}},
         0,
         false},
    };
    EXPECT(examples);
}

static void unsound_framing_is_400_and_ends_the_connection(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"no Host", "POST", AUTH, "HTTP/1.1", {JSON}, 400, true},
        {"Host twice", "POST", AUTH, "HTTP/1.1", {USUAL, {"host", "other"}}, 400, true},
        {"type twice", "POST", AUTH, "HTTP/1.1", {USUAL, JSON}, 400, true},
        {"signature twice",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"signature", "a"}, {"Signature", "a"}},
         400,
         true},
        {"authorization twice",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"authorization", "a"}, {"AUTHORIZATION", "b"}},
         400,
         true},
        {"length twice",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "2"}, {"Content-Length", "2"}},
         400,
         true},
        {"both lengths",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "2"}, {"Transfer-Encoding", "chunked"}},
         400,
         true},
        {"chunked twice",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         400,
         true},
        {"other coding",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Transfer-Encoding", "identity"}},
         400,
         true},
        {"coding list",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Transfer-Encoding", "gzip, chunked"}},
         400,
         true},
        {"chunked in 1.0",
         "POST",
         AUTH,
         "HTTP/1.0",
         {USUAL, {"Transfer-Encoding", "chunked"}},
         400,
         true},
        {"length with sign",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "+1"}},
         400,
         true},
        {"length in hex", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", "0x1"}}, 400, true},
        {"no length", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", ""}}, 400, true},
        {"length list", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", "2,2"}}, 400, true},
        {"space in a name", "POST", AUTH, "HTTP/1.1", {USUAL, {"Signature ", "a"}}, 400, true},
        {"no name", "POST", AUTH, "HTTP/1.1", {USUAL, {"", "a"}}, 400, true},
        {"folded value", "POST", AUTH, "HTTP/1.1", {USUAL, {"Signature", "a\r\n b"}}, 400, true},
        {"delete character", "POST", AUTH, "HTTP/1.1", {USUAL, {"X", "\x7f"}}, 400, true},
        {"space in the path", "POST", AUTH " x", "HTTP/1.1", {USUAL}, 400, true},
        {"byte above ASCII in the path", "POST", AUTH "\xc3\xa9", "HTTP/1.1", {USUAL}, 400, true},
        {"no path", "POST", "", "HTTP/1.1", {USUAL}, 400, true},
        {"a query alone", "POST", "?x", "HTTP/1.1", {USUAL}, 400, true},
        {"whole address", "GET", "https://localhost/health/state", "HTTP/1.1", {HOST}, 400, true},
        {"asterisk", "OPTIONS", "*", "HTTP/1.1", {HOST}, 400, true},
        {"GET with body",
         "GET",
         "/health/state",
         "HTTP/1.1",
         {HOST, {"Content-Length", "1"}},
         400,
         true},
    };
    EXPECT(examples);
}

static void refusals_that_leave_the_framing_whole_keep_the_connection(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"path", "POST", "/", "HTTP/1.1", {USUAL}, 404, false},
        {"path before method", "PUT", "/", "HTTP/1.1", {USUAL}, 404, false},
        {"method", "GET", AUTH, "HTTP/1.1", {USUAL}, 405, false},
        {"method in lower case", "post", AUTH, "HTTP/1.1", {USUAL}, 405, false},
        {"HEAD", "HEAD", "/health/alive", "HTTP/1.1", {HOST}, 405, false},
        {"method before type", "PUT", AUTH, "HTTP/1.1", {HOST}, 405, false},
        {"no type", "POST", AUTH, "HTTP/1.1", {HOST}, 415, false},
        {"longer type",
         "POST",
         AUTH,
         "HTTP/1.1",
         {HOST, {"Content-Type", "application/json-seq"}},
         415,
         false},
        {"shorter type",
         "POST",
         AUTH,
         "HTTP/1.1",
         {HOST, {"Content-Type", "application/jso"}},
         415,
         false},
        {"form",
         "POST",
         AUTH,
         "HTTP/1.1",
         {HOST, {"Content-Type", "text/plain; application/json"}},
         415,
         false},
        {"length", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", "1001"}}, 413, false},
        {"most that is drained",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "1048576"}},
         413,
         false},
    };
    EXPECT(examples);
}

static void a_body_too_long_to_drain_ends_the_connection(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"413", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", "1048577"}}, 413, true},
        {"404", "POST", "/", "HTTP/1.1", {USUAL, {"Content-Length", "1048577"}}, 404, true},
        {"2^64",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "18446744073709551616"}},
         413,
         true},
        {"2^64 - 1",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "18446744073709551615"}},
         413,
         true},
        {"very long",
         "POST",
         AUTH,
         "HTTP/1.1",
         {USUAL, {"Content-Length", "100000000000000000000000000000000000000"}},
         413,
         true},
    };
    EXPECT(examples);
}

static struct head_verdict judge_sizes(size_t path_len, size_t signature_len,
                                       size_t authorization_len) {
    static char path[EDGE_PATH_MAX + 2], value[EDGE_SIGNATURE_MAX + 1];
    struct head head = {.method = bytes_of_text("POST"), .version = bytes_of_text("HTTP/1.1")};
    memset(path, 'a', sizeof path);
    memcpy(path, AUTH, sizeof AUTH - 1);
    memset(value, 'a', sizeof value);
    head_target(&head, bytes_of(path, path_len));
    head_add(&head, bytes_of_text("Host"), bytes_of_text("x"));
    head_add(&head, bytes_of_text("Content-Type"), bytes_of_text("application/json"));
    head_add(&head, bytes_of_text("Signature"), bytes_of(value, signature_len));
    head_add(&head, bytes_of_text("Authorization"), bytes_of(value, authorization_len));
    return head_judge(&head, BODY_MAX);
}

static void each_size_is_allowed_up_to_its_limit(void **state) {
    (void)state;
    assert_int_equal(judge_sizes(EDGE_PATH_MAX, EDGE_SIGNATURE_MAX, EDGE_AUTHORIZATION_MAX).status,
                     0);
    assert_int_equal(judge_sizes(EDGE_PATH_MAX + 1, 0, 0).status, 414);
    assert_int_equal(judge_sizes(100, EDGE_SIGNATURE_MAX + 1, 0).status, 431);
    assert_int_equal(judge_sizes(100, 0, EDGE_AUTHORIZATION_MAX + 1).status, 431);
    assert_true(judge_sizes(EDGE_PATH_MAX + 1, 0, 0).hang_up);
    assert_true(judge_sizes(100, EDGE_SIGNATURE_MAX + 1, 0).hang_up);
}

static void a_zero_byte_in_a_name_or_value_is_400(void **state) {
    (void)state;
    for (int in_name = 0; in_name < 2; in_name++) {
        struct head head = {.method = bytes_of_text("GET"), .version = bytes_of_text("HTTP/1.1")};
        head_target(&head, bytes_of_text("/health/state"));
        head_add(&head, bytes_of_text("Host"), bytes_of_text("x"));
        head_add(&head, in_name ? bytes_of("X\0Y", 3) : bytes_of("X", 1), bytes_of("a\0b", 3));
        assert_int_equal(head_judge(&head, BODY_MAX).status, 400);
    }
}

static void the_verdict_tells_route_and_framing(void **state) {
    (void)state;
    static const struct example chunked = {
        "chunked", "POST", AUTH, "HTTP/1.1", {USUAL, {"Transfer-Encoding", "chunked"}}, 0, false};
    static const struct example length = {
        "length", "POST", AUTH, "HTTP/1.1", {USUAL, {"Content-Length", "42"}}, 0, false};
    assert_true(judge(&chunked).chunked);
    assert_int_equal(judge(&chunked).body_len, 0);
    assert_false(judge(&length).chunked);
    assert_int_equal(judge(&length).body_len, 42);
    assert_ptr_equal(judge(&length).route, route_find(bytes_of_text(AUTH)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_heads_are_let_through),
        cmocka_unit_test(unsound_framing_is_400_and_ends_the_connection),
        cmocka_unit_test(refusals_that_leave_the_framing_whole_keep_the_connection),
        cmocka_unit_test(a_body_too_long_to_drain_ends_the_connection),
        cmocka_unit_test(each_size_is_allowed_up_to_its_limit),
        cmocka_unit_test(a_zero_byte_in_a_name_or_value_is_400),
        cmocka_unit_test(the_verdict_tells_route_and_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
