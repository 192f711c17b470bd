/*
 * The strict JSON layer beside Jansson. What ours accepts Jansson accepts too, with the same
 * members and strings. What Jansson alone accepts is over one of our documented limits.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "authd/unseal/json.h"

#define TEXT_MAX            65536
#define INTEGER_DIGITS_MAX  18
#define EXPONENT_DIGITS_MAX 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static const char *characters(const struct json *json, const struct json_node *string) {
    static char text[TEXT_MAX + 1];
    require(json_to_text(json, string, text, sizeof text) == ERR_OK);
    return text;
}

static void compare(const struct json *json, const struct json_node *node, const json_t *oracle);

static void compare_children(const struct json *json, const struct json_node *node,
                             const json_t *oracle) {
    struct json_child child = {0};
    size_t count = 0;
    while (json_next(json, node, &child)) {
        const char *name = child.name != NULL ? characters(json, child.name) : NULL;
        if (name != NULL)
            require(json_member(json, node, name) == child.value);
        compare(json, child.value,
                name != NULL ? json_object_get(oracle, name) : json_array_get(oracle, count));
        count++;
    }
    require(count == (json_is_object(oracle) ? json_object_size(oracle) : json_array_size(oracle)));
}

static void compare(const struct json *json, const struct json_node *node, const json_t *oracle) {
    require(oracle != NULL);
    switch (node->kind) {
    case JSON_KIND_NULL:
        require(json_is_null(oracle));
        return;
    case JSON_KIND_FALSE:
        require(json_is_false(oracle));
        return;
    case JSON_KIND_TRUE:
        require(json_is_true(oracle));
        return;
    case JSON_KIND_NUMBER:
        require(json_is_number(oracle));
        return;
    case JSON_KIND_STRING:
        require(json_is_string(oracle));
        require(strcmp(characters(json, node), json_string_value(oracle)) == 0);
        require(json_is_text(json, node, json_string_value(oracle)));
        return;
    default:
        require(node->kind == JSON_KIND_OBJECT ? json_is_object(oracle) : json_is_array(oracle));
        compare_children(json, node, oracle);
    }
}

/* Whether there is a number of more digits than ours takes. In doubt yes: strings count too. */
static bool has_long_number(const uint8_t *data, size_t size) {
    size_t digits = 0;
    bool exponent = false;
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= '0' && data[i] <= '9') {
            digits++;
        } else {
            exponent = data[i] == 'e' || data[i] == 'E' ||
                       (exponent && digits == 0 && (data[i] == '+' || data[i] == '-'));
            digits = 0;
        }
        if (digits > INTEGER_DIGITS_MAX || (exponent && digits > EXPONENT_DIGITS_MAX))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct json json;
    if (size > TEXT_MAX)
        return 0;
    enum err err = json_parse(bytes_of(data, size), JSON_NODES_MAX, &json);
    json_error_t reason;
    json_t *oracle = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &reason);
    if (err == ERR_OK) {
        require(oracle != NULL);
        compare(&json, json_root(&json), oracle);
    } else {
        require(json.count == 0);
        require(err == ERR_MALFORMED || err == ERR_TOO_LARGE);
    }
    /* Jansson 2.14 passes over a zero byte behind a number. */
    bool has_zero = size > 0 && memchr(data, 0, size) != NULL;
    if (err == ERR_MALFORMED)
        require(!json_is_object(oracle) || has_zero || has_long_number(data, size));
    json_decref(oracle);
    return 0;
}
