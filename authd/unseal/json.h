#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Strict JSON (RFC 8259, and of RFC 7493 what keeps two readers from reading it differently)
 * without allocation: jsmn finds the tokens, and this layer admits only what is JSON to the last
 * byte.
 *   - one object, blanks around it, nothing after it;
 *   - UTF-8 without a byte order mark; no U+0000, also not as an escape; no half surrogate pair;
 *   - no object with two members of one name, however they are escaped;
 *   - at most JSON_DEPTH_MAX objects and arrays in each other, and a given number of nodes;
 *   - numbers of at most 18 digits before the point and two in the exponent.
 * The nodes hold positions only: the content stays in the caller's text.
 */
#define JSON_DEPTH_MAX 8
#define JSON_NODES_MAX 512

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_FALSE,
    JSON_KIND_TRUE,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
};

struct json_node {
    enum json_kind kind;
    bool escaped;        /* a string with at least one escape */
    uint32_t start, len; /* in the text; of a string: between its quotes, still escaped */
    uint32_t after;      /* index of the first node behind this one and all inside it */
};

struct json {
    struct bytes text;
    size_t count;
    struct json_node nodes[JSON_NODES_MAX]; /* in the order of the text; [0] is the root object */
};

/*
 * ERR_MALFORMED, or ERR_TOO_LARGE when it is too deep or has more than ${nodes_max} nodes (member
 * names count too). ${text} must outlive ${json}.
 */
MUST_CHECK enum err json_parse(struct bytes text, size_t nodes_max, struct json *json);

const struct json_node *json_root(const struct json *json);

/* Walks over a node's children: begin with a zeroed ${child}; false after the last. */
struct json_child {
    const struct json_node *name; /* NULL in an array */
    const struct json_node *value;
};
bool json_next(const struct json *json, const struct json_node *parent, struct json_child *child);

/* The value of member ${name}; NULL when there is none. */
const struct json_node *json_member(const struct json *json, const struct json_node *object,
                                    const char *name);

/* Whether ${node} is a string whose characters are ${text}. */
bool json_is_text(const struct json *json, const struct json_node *node, const char *text);

/* Appends the characters of a string, unescaped. The target's error: ERR_FULL. */
void json_append(const struct json *json, const struct json_node *string, struct buffer *target);
/* The same into a C string. ERR_TOO_LARGE; ${text} is then "". */
MUST_CHECK enum err json_to_text(const struct json *json, const struct json_node *string,
                                 char *text, size_t size);
