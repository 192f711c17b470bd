#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/claims.h"

static struct claims read_claims(const char *json) {
    struct claims claims;
    assert_int_equal(claims_read(bytes_of_text(json), &claims), ERR_OK);
    return claims;
}

static bool says(const char *json, const char *name, const char *text) {
    struct claims claims = read_claims(json);
    return claims_say_text(&claims, name, text);
}

static void a_member_says_its_text(void **state) {
    (void)state;
    assert_true(says("{\"iss\":\"tayssir\"}", "iss", "tayssir"));
    assert_true(says(" {\n\"a\" : [1,{\"b\":2}],\t\"iss\" : \"tayssir\" }", "iss", "tayssir"));
    assert_false(says("{\"iss\":\"tayssir\"}", "iss", "tayssi"));
    assert_false(says("{\"iss\":\"tayssir\"}", "iss", "tayssirs"));
    assert_false(says("{\"iss\":\"\"}", "iss", "tayssir"));
    assert_false(says("{\"iss\":tayssir}", "iss", "tayssir"));
    assert_false(says("{\"iss\":[\"tayssir\"]}", "iss", "tayssir"));
}

static void escapes_are_undone_however_a_library_writes_them(void **state) {
    (void)state;
    assert_true(says("{\"aud\":\"https:\\/\\/box\"}", "aud", "https://box"));
    assert_true(says("{\"a\\u0075d\":\"h\\u0074tps:\\u002f/box\"}", "aud", "https://box"));
    assert_true(says("{\"n\":\"\\u0623\\u062d\"}", "n", "أح"));
    assert_true(says("{\"n\":\"\\ud83d\\ude00\"}", "n", "😀"));
    assert_true(says("{\"n\":\"\\\"\\\\\\b\\f\\n\\r\\t\"}", "n", "\"\\\b\f\n\r\t"));
    assert_false(says("{\"n\":\"\\ud83d\"}", "n", "?"));
    assert_false(says("{\"n\":\"\\ud83dx\"}", "n", "x"));
    assert_false(says("{\"n\":\"\\x41\"}", "n", "A"));
    assert_false(says("{\"n\":\"\\u00g1\"}", "n", "g"));
    assert_false(says("{\"n\":\"a\\u0000b\"}", "n", "a"));
}

static void a_member_of_an_object_within_does_not_count(void **state) {
    (void)state;
    assert_false(says("{\"other\":{\"iss\":\"tayssir\"}}", "iss", "tayssir"));
    assert_false(says("{\"other\":[{\"iss\":\"tayssir\"}]}", "iss", "tayssir"));
    assert_false(says("{\"other\":\"\\\"iss\\\":\\\"tayssir\\\"\"}", "iss", "tayssir"));
    assert_false(says("{\"other\":{\"iss\":\"daam\"},\"iss\":\"daam\"}", "iss", "tayssir"));
}

static void numbers_and_true_are_as_they_stand(void **state) {
    (void)state;
    struct claims claims =
        read_claims("{\"iat\":1700000000 ,\"low\":-5,\"consent\":true,\"x\":\"true\",\"f\":1.0}");
    assert_true(claims_say_integer(&claims, "iat", 1700000000));
    assert_true(claims_say_integer(&claims, "low", -5));
    assert_false(claims_say_integer(&claims, "iat", 170000000));
    assert_false(claims_say_integer(&claims, "f", 1));
    assert_true(claims_say_true(&claims, "consent"));
    assert_false(claims_say_true(&claims, "x"));
    assert_false(claims_say_true(&claims, "missing"));
}

static void a_list_has_what_it_has(void **state) {
    (void)state;
    size_t count = 0;
    struct claims claims = read_claims("{\"l\":[ \"phone\" ,\"e\\u006dail\"],\"e\":[],\"n\":[1],"
                                       "\"s\":\"phone\",\"d\":[[\"phone\"]]}");
    assert_true(claims_list(&claims, "l", "phone", &count));
    assert_int_equal(count, 2);
    assert_true(claims_list(&claims, "l", "email", &count));
    assert_false(claims_list(&claims, "l", "fax", &count));
    assert_false(claims_list(&claims, "e", "phone", &count));
    assert_false(claims_list(&claims, "n", "1", &count));
    assert_false(claims_list(&claims, "s", "phone", &count));
    assert_false(claims_list(&claims, "d", "phone", &count));
}

static void plain_strings_and_base64url(void **state) {
    (void)state;
    struct claims claims = read_claims("{\"b\":\"AQID\",\"e\":\"AQI\\u0044\",\"n\":7}");
    assert_true(claims_say_base64url(&claims, "b", bytes_of("\1\2\3", 3)));
    assert_false(claims_say_base64url(&claims, "b", bytes_of("\1\2\4", 3)));
    assert_false(claims_say_base64url(&claims, "b", bytes_of("\1\2", 2)));
    assert_true(bytes_equal_text(claims_plain(&claims, "b"), "AQID"));
    assert_int_equal(claims_plain(&claims, "e").len, 0);
    assert_int_equal(claims_plain(&claims, "n").len, 0);
}

static void what_is_no_object_says_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",          "[]",        "{",          "{\"a\"}",
                                        "{\"a\":}",  "{\"a\":1",  "{\"a\":1,}", "{a:1}",
                                        "{\"a\":\"", "{\"a\" 1}", "{,}"};
    struct claims claims;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_not_equal(claims_read(bytes_of_text(texts[i]), &claims), ERR_OK);
    assert_int_equal(claims_read(bytes_of_text("{}"), &claims), ERR_OK);
    assert_int_equal(claims.count, 0);
}

static void more_members_than_there_is_room_for_are_refused(void **state) {
    (void)state;
    static char json[CLAIMS_MAX * 8];
    struct claims claims;
    strcpy(json, "{\"a\":1");
    for (size_t i = 1; i < CLAIMS_MAX; i++)
        strcat(json, ",\"a\":1");
    strcat(json, "}");
    assert_int_equal(claims_read(bytes_of_text(json), &claims), ERR_OK);
    json[strlen(json) - 1] = '\0';
    strcat(json, ",\"a\":1}");
    assert_int_equal(claims_read(bytes_of_text(json), &claims), ERR_TOO_LARGE);
}

static void ask_all(const struct claims *claims) {
    size_t count;
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        (void)claims_say_text(claims, names[i], "x\xf0\x9f\x98\x80");
        (void)claims_say_integer(claims, names[i], 1);
        (void)claims_list(claims, names[i], "x", &count);
        (void)claims_plain(claims, names[i]);
    }
}

/* A sanitizer sees what lies behind the end. */
static void every_cut_is_read_within_its_bounds(void **state) {
    (void)state;
    static const char whole[] = "{\"a\":\"x\\ud83d\\ude00\",\"b\":[\"x\\\\\",\"\\u0041\"],\"c\":{"
                                "\"d\":[1]},\"d\":\"\\\"\"}";
    for (size_t len = 0; len < sizeof whole; len++) {
        char *piece = malloc(len + 1);
        struct claims claims = {.count = 0};
        assert_non_null(piece);
        char *exact = realloc(piece, len > 0 ? len : 1);
        memcpy(exact, whole, len);
        bool read = claims_read(bytes_of(exact, len), &claims) == ERR_OK;
        assert_int_equal(read, len >= sizeof whole - 1);
        ask_all(&claims);
        free(exact);
    }
}

/* A value that ends within an escape. */
static void an_escape_cut_short_means_nothing(void **state) {
    (void)state;
    static const char *const values[] = {"\"\\\"", "\"\\u\"", "\"\\u00\"", "\"\\ud83d\\u\""};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct claims claims = {.count = 1};
        size_t len = strlen(values[i]);
        uint8_t *exact = malloc(len);
        memcpy(exact, values[i], len);
        claims.members[0].name = bytes_of_text("a");
        claims.members[0].value = bytes_of(exact, len);
        assert_false(claims_say_text(&claims, "a", "A"));
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_says_its_text),
        cmocka_unit_test(escapes_are_undone_however_a_library_writes_them),
        cmocka_unit_test(a_member_of_an_object_within_does_not_count),
        cmocka_unit_test(numbers_and_true_are_as_they_stand),
        cmocka_unit_test(a_list_has_what_it_has),
        cmocka_unit_test(plain_strings_and_base64url),
        cmocka_unit_test(what_is_no_object_says_nothing),
        cmocka_unit_test(more_members_than_there_is_room_for_are_refused),
        cmocka_unit_test(every_cut_is_read_within_its_bounds),
        cmocka_unit_test(an_escape_cut_short_means_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
