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
#define OTP         "/v1/otp"
#define KEY         "0123456789abc-_Z"
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

static enum edge_profile profile;

static int come_by_mosip(void **state) {
    (void)state;
    profile = EDGE_PROFILE_MOSIP;
    return 0;
}

static int come_by_jose(void **state) {
    (void)state;
    profile = EDGE_PROFILE_JOSE;
    return 0;
}

static struct head_verdict judge(const struct example *example) {
    struct head head;
    head_begin(&head, profile, bytes_of_text(example->target));
    head.method = bytes_of_text(example->method);
    head.version = bytes_of_text(example->version);
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
    struct head head;
    memset(path, 'a', sizeof path);
    memcpy(path, AUTH, sizeof AUTH - 1);
    memset(value, 'a', sizeof value);
    head_begin(&head, profile, bytes_of(path, path_len));
    head.method = bytes_of_text("POST");
    head.version = bytes_of_text("HTTP/1.1");
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
        struct head head;
        head_begin(&head, profile, bytes_of_text("/health/state"));
        head.method = bytes_of_text("GET");
        head.version = bytes_of_text("HTTP/1.1");
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
    assert_ptr_equal(judge(&length).route, route_find(EDGE_PROFILE_MOSIP, bytes_of_text(AUTH)));
}

/* The JOSE profile. */

static void any_media_type_is_handed_on_in_the_jose_profile(void **state) {
    (void)state;
    static const struct {
        const char *type;
        enum edge_media media;
    } examples[] = {
        {"application/jose", EDGE_MEDIA_JOSE},
        {"Application/JOSE; x=y", EDGE_MEDIA_JOSE},
        {"application/json", EDGE_MEDIA_JSON},
        {"application/json;charset=UTF-8", EDGE_MEDIA_JSON},
        {"application/jose+json", EDGE_MEDIA_OTHER},
        {"application/jos", EDGE_MEDIA_OTHER},
        {"text/plain; application/jose", EDGE_MEDIA_OTHER},
        {"", EDGE_MEDIA_OTHER},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example example = {.method = "POST",
                                        .target = OTP,
                                        .version = "HTTP/1.1",
                                        .lines = {HOST, {"Content-Type", examples[i].type}}};
        assert_int_equal(judge(&example).status, 0);
        assert_int_equal(judge(&example).media, examples[i].media);
    }
    const struct example none = {
        .method = "POST", .target = OTP, .version = "HTTP/1.1", .lines = {HOST}};
    assert_int_equal(judge(&none).status, 0);
    assert_int_equal(judge(&none).media, EDGE_MEDIA_NONE);
}

static void an_idempotency_key_is_one_or_it_is_400(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"key", "POST", OTP, "HTTP/1.1", {HOST, {"idempotency-KEY", KEY}}, 0, false},
        {"key with space", "POST", OTP, "HTTP/1.1", {HOST, {"Idempotency-Key", KEY " "}}, 0, false},
        {"twice",
         "POST",
         OTP,
         "HTTP/1.1",
         {HOST, {"Idempotency-Key", KEY}, {"Idempotency-Key", KEY}},
         400,
         true},
        {"none", "POST", OTP, "HTTP/1.1", {HOST, {"Idempotency-Key", ""}}, 400, false},
        {"short", "POST", OTP, "HTTP/1.1", {HOST, {"Idempotency-Key", "0123456"}}, 400, false},
        {"quoted", "POST", OTP, "HTTP/1.1", {HOST, {"Idempotency-Key", "\"" KEY "\""}}, 400, false},
        {"long",
         "POST",
         OTP,
         "HTTP/1.1",
         {HOST, {"Idempotency-Key", KEY KEY KEY KEY "x"}},
         400,
         false},
        {"with GET",
         "GET",
         "/health/state",
         "HTTP/1.1",
         {HOST, {"Idempotency-Key", "?"}},
         400,
         false},
    };
    EXPECT(examples);
}

static void each_profile_leaves_the_others_headers_alone(void **state) {
    static const struct example jose = {
        "signature twice",
        "POST",
        OTP,
        "HTTP/1.1",
        {HOST, {"signature", "a"}, {"signature", "b"}, {"Authorization", "a"}},
        0,
        false};
    static const struct example mosip = {
        "key twice",
        "POST",
        AUTH,
        "HTTP/1.1",
        {USUAL, {"Idempotency-Key", "?"}, {"Idempotency-Key", "?"}},
        0,
        false};
    expect(&jose, 1);
    (void)come_by_mosip(state);
    expect(&mosip, 1);
}

static void each_address_refuses_the_others_calls(void **state) {
    static const struct example jose[] = {
        {"mosip", "POST", AUTH, "HTTP/1.1", {USUAL}, 404, false},
        {"method", "GET", OTP, "HTTP/1.1", {HOST}, 405, false},
        {"length", "POST", OTP, "HTTP/1.1", {HOST, {"Content-Length", "1001"}}, 413, false},
    };
    static const struct example mosip = {"jose", "POST", OTP, "HTTP/1.1", {USUAL}, 404, false};
    EXPECT(jose);
    (void)come_by_mosip(state);
    expect(&mosip, 1);
}

#define MOSIP(test) cmocka_unit_test_setup(test, come_by_mosip)
#define JOSE(test)  cmocka_unit_test_setup(test, come_by_jose)

int main(void) {
    const struct CMUnitTest tests[] = {
        MOSIP(sound_heads_are_let_through),
        MOSIP(unsound_framing_is_400_and_ends_the_connection),
        MOSIP(refusals_that_leave_the_framing_whole_keep_the_connection),
        MOSIP(a_body_too_long_to_drain_ends_the_connection),
        MOSIP(each_size_is_allowed_up_to_its_limit),
        MOSIP(a_zero_byte_in_a_name_or_value_is_400),
        MOSIP(the_verdict_tells_route_and_framing),
        JOSE(any_media_type_is_handed_on_in_the_jose_profile),
        JOSE(an_idempotency_key_is_one_or_it_is_400),
        JOSE(each_profile_leaves_the_others_headers_alone),
        JOSE(each_address_refuses_the_others_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
