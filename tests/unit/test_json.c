#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/json.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct json json;

/* Parses a copy of exactly ${text}'s size, so that the address sanitizer sees a read beyond it. */
static enum err parse(struct bytes text, size_t nodes_max) {
    static uint8_t *copy;
    free(copy);
    copy = malloc(text.len + (text.len == 0));
    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return json_parse(bytes_of(copy, text.len), nodes_max, &json);
}

static void assert_accepted(const char *text) {
    enum err err = parse(bytes_of_text(text), JSON_NODES_MAX);
    if (err != ERR_OK)
        fail_msg("refused: %s", text);
}

static void assert_malformed(const char *text) {
    enum err err = parse(bytes_of_text(text), JSON_NODES_MAX);
    if (err != ERR_MALFORMED)
        fail_msg("%s: %s", err_text(err), text);
    assert_int_equal(json.count, 0);
}

static void objects_of_every_kind_of_value_are_accepted(void **state) {
    (void)state;
    static const char *const accepted[] = {
        "{}",
        " \t\r\n{ \t\r\n} \t\r\n",
        "{\"\":\"\"}",
        "{\"a\":null,\"b\":true,\"c\":false,\"d\":0,\"e\":\"x\",\"f\":[],\"g\":{}}",
        "{\"a\" : [ 1 , [ ] , { \"b\" : [ { } ] } ] }",
        "{\"a\":{\"a\":{\"a\":1}}}",
        "{\"a\":[{\"a\":1},{\"a\":2}]}",
        "{\"\\u0061\":1,\"b\":1}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
        "{\"a\":\"\x7f\"}",
        "{\"\xd8\xa7\xd8\xb3\xd9\x85\":\"\xf0\x9f\x98\x80\"}",
    };
    for (size_t i = 0; i < COUNT_OF(accepted); i++)
        assert_accepted(accepted[i]);
}

static void a_root_that_is_no_object_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {"",     " ",   "[]",  "\"a\"", "1",   "null", "true",
                                          "{}{}", "{}1", "{},", "{}x",   "x{}", "{}]",  "[{}]"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_malformed(refused[i]);
}

/* Much of this passes jsmn's own strict mode. */
static void broken_structure_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "{",
        "}",
        "{]",
        "{\"a\":[}",
        "{\"a\":[1}]",
        "{\"a\"}",
        "{\"a\",\"b\"}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\"::1}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;\"b\":2}",
        "{\"a\":1:2}",
        "{\"a\":\"b\":\"c\"}",
        "{\"a\" \"b\"}",
        "{\"a\":\"b\" \"c\"}",
        "{:1}",
        "{1:2}",
        "{null:1}",
        "{[]:1}",
        "{{}:1}",
        "{{}}",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[,]}",
        "{\"a\":[1,,2]}",
        "{\"a\":[\"b\":1]}",
        "{\"a\":[:]}",
        "{\"a\":{\"b\":1}\"c\":2}",
        "{\"a\":{}{}}",
        "{\"a\":[][]}",
        "{\"a\":1}}",
        "{\"a\":[1]]}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":b}",
        "{\"a\":1}//",
        "{\"a\":1/**/}",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_malformed(refused[i]);
}

static void every_shortened_document_is_refused(void **state) {
    (void)state;
    const char *whole = "{\"a\":[1.5e3,{\"b\":\"\\u00e9\"},null],\"c\":{\"d\":[true,false]}}";
    assert_accepted(whole);
    for (size_t len = 0; len < strlen(whole); len++)
        assert_int_equal(parse(bytes_of(whole, len), JSON_NODES_MAX), ERR_MALFORMED);
}

static void only_the_grammar_s_numbers_pass(void **state) {
    (void)state;
    static const char *const accepted[] = {
        "0",    "-0",  "10",      "-999999999999999999",      "0.5",    "1.50", "1e9", "1E+9",
        "1e-9", "0e0", "1.25e99", "123456789012345678.5e-99", "0.00001"};
    static const char *const refused[] = {"00",    "01",   "-",     "-01",   "+1",
                                          ".5",    "1.",   "1.e1",  "1e",    "1e+",
                                          "1e1.5", "0x10", "1_0",   "1-",    "--1",
                                          "1.5.5", "1ee5", "nul",   "nulll", "True",
                                          "NaN",   "inf",  "1a",    "tru",   "-a",
                                          "1,2",   "1 2",  "1e999", "1e100", "1234567890123456789"};
    char text[64];
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        snprintf(text, sizeof text, "{\"a\":%s}", accepted[i]);
        assert_accepted(text);
        assert_int_equal(json_member(&json, json_root(&json), "a")->kind, JSON_KIND_NUMBER);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        snprintf(text, sizeof text, "{\"a\":%s}", refused[i]);
        assert_malformed(text);
    }
}

static void bad_escapes_are_refused(void **state) {
    (void)state;
    static const char *const refused[] = {"\\x",
                                          "\\a",
                                          "\\'",
                                          "\\U0061",
                                          "\\u",
                                          "\\u12",
                                          "\\u12g4",
                                          "\\u+123",
                                          "\\u 123",
                                          "\\u0000",
                                          "\\ud83d",
                                          "\\ud83dx",
                                          "\\ud83d\\n",
                                          "\\ude00",
                                          "\\ud83d\\ud83d",
                                          "\\ude00\\ud83d",
                                          "\\ud83d\\u0041",
                                          "\\ud83d\\ude0",
                                          "\\ud83d\\ude0g",
                                          "\\"};
    char text[64];
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        snprintf(text, sizeof text, "{\"a\":\"%s\"}", refused[i]);
        assert_malformed(text);
        snprintf(text, sizeof text, "{\"%s\":1}", refused[i]);
        assert_malformed(text);
    }
}

static void control_characters_are_refused_where_they_are_no_blanks(void **state) {
    (void)state;
    for (int character = 0; character < 0x20; character++) {
        char inside[] = "{\"a\":\"x\"}", outside[] = "{ \"a\":1}";
        inside[6] = outside[1] = (char)character;
        assert_int_equal(parse(bytes_of(inside, sizeof inside - 1), JSON_NODES_MAX), ERR_MALFORMED);
        bool blank = memchr("\t\r\n", character, 3) != NULL;
        assert_int_equal(parse(bytes_of(outside, sizeof outside - 1), JSON_NODES_MAX),
                         blank ? ERR_OK : ERR_MALFORMED);
    }
}

static void a_zero_byte_ends_nothing(void **state) {
    (void)state;
    static const char behind[] = "{\"a\":1}\0{\"a\":2}", last[] = "{\"a\":1}\0",
                      inside[] = "{\"a\0\":1}";
    assert_int_equal(parse(bytes_of(behind, sizeof behind - 1), JSON_NODES_MAX), ERR_MALFORMED);
    assert_int_equal(parse(bytes_of(last, sizeof last - 1), JSON_NODES_MAX), ERR_MALFORMED);
    assert_int_equal(parse(bytes_of(inside, sizeof inside - 1), JSON_NODES_MAX), ERR_MALFORMED);
}

static void what_is_not_utf_8_is_refused_wherever_it_is(void **state) {
    (void)state;
    static const char *const refused[] = {
        "{\"a\":\"\xff\"}",     "{\"\xff\":1}",
        "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xc3\"}",     "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":1}\xff",        "\xef\xbb\xbf{\"a\":1}",
        "{\"a\":\xa0 1}",       "{\"a\":\"caf\xe9\"}",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_malformed(refused[i]);
}

static void a_second_member_of_one_name_is_refused_at_any_depth(void **state) {
    (void)state;
    static const char *const refused[] = {
        "{\"a\":1,\"a\":1}",
        "{\"\":1,\"\":2}",
        "{\"a\":1,\"b\":{\"c\":[{\"d\":1}]},\"a\":2}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"x\":[{\"a\":1,\"b\":2,\"a\":2}]}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
        "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
        "{\"a/b\":1,\"a\\/b\":2}",
        "{\"\\n\":1,\"\\u000A\":2}",
        "{\"\\u00E9\":1,\"\\u00e9\":2}",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_malformed(refused[i]);
    assert_accepted("{\"a\":1,\"A\":2,\"aa\":3,\"\\u0061b\":4,\"\\u0062\":5}");
}

/* ${depth} objects and arrays in each other, alternately. */
static void nest(char *text, size_t depth) {
    char *at = text;
    for (size_t i = 0; i < depth; i++)
        at = stpcpy(at, i % 2 == 0 ? "{\"a\":" : "[");
    at = stpcpy(at, "1");
    for (size_t i = depth; i > 0; i--)
        at = stpcpy(at, i % 2 == 1 ? "}" : "]");
}

static void depth_is_limited(void **state) {
    (void)state;
    char text[4096];
    nest(text, JSON_DEPTH_MAX);
    assert_accepted(text);
    nest(text, JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(bytes_of_text(text), JSON_NODES_MAX), ERR_TOO_LARGE);
    nest(text, 200);
    assert_int_equal(parse(bytes_of_text(text), JSON_NODES_MAX), ERR_TOO_LARGE);
}

/* An object with ${members} members, so 1 + 2 × ${members} nodes. */
static void widen(char *text, size_t members) {
    char *at = stpcpy(text, "{");
    for (size_t i = 0; i < members; i++)
        at += sprintf(at, "%s\"m%zu\":%zu", i > 0 ? "," : "", i, i);
    (void)stpcpy(at, "}");
}

static void the_number_of_nodes_is_limited(void **state) {
    (void)state;
    static char text[64 * JSON_NODES_MAX];
    widen(text, 20);
    assert_int_equal(parse(bytes_of_text(text), 41), ERR_OK);
    assert_int_equal(json.count, 41);
    assert_int_equal(parse(bytes_of_text(text), 40), ERR_TOO_LARGE);
    widen(text, JSON_NODES_MAX / 2 - 1);
    assert_accepted(text);
    widen(text, JSON_NODES_MAX);
    assert_int_equal(parse(bytes_of_text(text), JSON_NODES_MAX), ERR_TOO_LARGE);
    assert_int_equal(parse(bytes_of_text("{}"), JSON_NODES_MAX + 1), ERR_TOO_LARGE);
}

static void members_and_elements_are_found_in_their_order(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    static const enum json_kind kinds[] = {JSON_KIND_ARRAY, JSON_KIND_OBJECT, JSON_KIND_STRING};
    assert_accepted("{\"a\":[1,[2,3],{\"x\":4}],\"b\":{\"a\":5},\"\\u0063\":\"d\"}");
    struct json_child child = {0};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_true(json_next(&json, json_root(&json), &child));
        assert_true(json_is_text(&json, child.name, names[i]));
        assert_int_equal(child.value->kind, kinds[i]);
    }
    assert_false(json_next(&json, json_root(&json), &child));

    const struct json_node *list = json_member(&json, json_root(&json), "a");
    child = (struct json_child){0};
    size_t count = 0;
    while (json_next(&json, list, &child)) {
        assert_null(child.name);
        count++;
    }
    assert_int_equal(count, 3);
    assert_null(json_member(&json, list, "x"));
    assert_null(json_member(&json, json_root(&json), "x"));
    assert_null(json_member(&json, json_root(&json), ""));
    assert_non_null(json_member(&json, json_root(&json), "c"));
}

static void strings_are_unescaped(void **state) {
    (void)state;
    char text[32], small[4];
    assert_accepted("{\"a\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\\"\\/\\n\",\"b\":\"plain\","
                    "\"c\":\"abc\",\"d\":1}");
    const struct json_node *a = json_member(&json, json_root(&json), "a");
    const char *expected = "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"/\n";
    assert_int_equal(json_to_text(&json, a, text, sizeof text), ERR_OK);
    assert_string_equal(text, expected);
    assert_true(json_is_text(&json, a, expected));
    assert_false(json_is_text(&json, a, "A"));
    assert_false(json_is_text(&json, a, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"/\nx"));
    assert_int_equal(json_to_text(&json, a, small, sizeof small), ERR_TOO_LARGE);
    assert_string_equal(small, "");

    const struct json_node *b = json_member(&json, json_root(&json), "b");
    assert_true(json_is_text(&json, b, "plain"));
    assert_false(json_is_text(&json, b, "plai"));
    assert_int_equal(json_to_text(&json, b, small, sizeof small), ERR_TOO_LARGE);
    const struct json_node *c = json_member(&json, json_root(&json), "c");
    assert_int_equal(json_to_text(&json, c, small, sizeof small), ERR_OK);
    assert_string_equal(small, "abc");

    const struct json_node *number = json_member(&json, json_root(&json), "d");
    assert_false(json_is_text(&json, number, "1"));
    assert_int_equal(json_to_text(&json, number, text, sizeof text), ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_every_kind_of_value_are_accepted),
        cmocka_unit_test(a_root_that_is_no_object_is_refused),
        cmocka_unit_test(broken_structure_is_refused),
        cmocka_unit_test(every_shortened_document_is_refused),
        cmocka_unit_test(only_the_grammar_s_numbers_pass),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(control_characters_are_refused_where_they_are_no_blanks),
        cmocka_unit_test(a_zero_byte_ends_nothing),
        cmocka_unit_test(what_is_not_utf_8_is_refused_wherever_it_is),
        cmocka_unit_test(a_second_member_of_one_name_is_refused_at_any_depth),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(the_number_of_nodes_is_limited),
        cmocka_unit_test(members_and_elements_are_found_in_their_order),
        cmocka_unit_test(strings_are_unescaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
