#include <limits.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "firmware/base/codec.h"
#include "firmware/base/escape.h"
#include "authd/unseal/json.h"

#define INTEGER_DIGITS_MAX  18 /* what a 64-bit integer holds for sure */
#define EXPONENT_DIGITS_MAX 2  /* what a double holds for sure */

/*
 * The walk goes over the text once more, beside jsmn's tokens, and takes each token only where the
 * grammar wants one: jsmn's strict mode by itself passes [1 2], {"a" 1}, {,} and much else.
 */
struct walk {
    const uint8_t *at, *end;
    const jsmntok_t *tokens;
    size_t token_count;
    struct json *json; /* nodes[i] belongs to tokens[i] */
};

static bool is_blank(uint8_t character) {
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static void skip_blanks(struct walk *walk) {
    while (walk->at < walk->end && is_blank(*walk->at))
        walk->at++;
}

static bool take(struct walk *walk, uint8_t character) {
    if (walk->at == walk->end || *walk->at != character)
        return false;
    walk->at++;
    return true;
}

/* The characters of a string one byte after another, so that no copy of it is needed. */
struct characters {
    const uint8_t *at, *end;
    uint8_t utf8[4]; /* of the escape being read */
    size_t utf8_len, utf8_at;
};

static struct characters characters_of(const struct json *json, const struct json_node *string) {
    const uint8_t *start = json->text.data + string->start;
    return (struct characters){.at = start, .end = start + string->len};
}

static bool next_byte(struct characters *characters, uint8_t *byte) {
    if (characters->utf8_at == characters->utf8_len) {
        if (characters->at == characters->end)
            return false;
        if (*characters->at != '\\') {
            *byte = *characters->at++;
            return true;
        }
        characters->at +=
            escape_decode(characters->at, characters->end, characters->utf8, &characters->utf8_len);
        characters->utf8_at = 0;
    }
    *byte = characters->utf8[characters->utf8_at++];
    return true;
}

static struct bytes raw(const struct json *json, const struct json_node *node) {
    return bytes_of(json->text.data + node->start, node->len);
}

static bool same_characters(const struct json *json, const struct json_node *left,
                            const struct json_node *right) {
    if (!left->escaped && !right->escaped)
        return bytes_equal(raw(json, left), raw(json, right));
    struct characters lefts = characters_of(json, left), rights = characters_of(json, right);
    for (;;) {
        uint8_t left_byte = 0, right_byte = 0;
        bool more = next_byte(&lefts, &left_byte);
        if (more != next_byte(&rights, &right_byte) || left_byte != right_byte)
            return false;
        if (!more)
            return true;
    }
}

/* The next node, if the grammar's next token is where the walk stands. ${shift} is 1 for a string,
 * whose token begins behind its quote. */
static struct json_node *take_token(struct walk *walk, jsmntype_t type, ptrdiff_t shift,
                                    const jsmntok_t **token) {
    struct json *json = walk->json;
    if (json->count == walk->token_count)
        return NULL;
    *token = &walk->tokens[json->count];
    if ((*token)->type != type || (*token)->start != walk->at - json->text.data + shift ||
        (*token)->end < (*token)->start || (*token)->end > walk->end - json->text.data)
        return NULL;
    struct json_node *node = &json->nodes[json->count++];
    *node = (struct json_node){.start = (uint32_t)(*token)->start,
                               .len = (uint32_t)((*token)->end - (*token)->start),
                               .after = (uint32_t)json->count};
    return node;
}

static enum err walk_string(struct walk *walk) {
    const jsmntok_t *token;
    struct json_node *node = take_token(walk, JSMN_STRING, 1, &token);
    if (node == NULL || !take(walk, '"'))
        return ERR_MALFORMED;
    node->kind = JSON_KIND_STRING;
    const uint8_t *at = walk->at, *end = walk->json->text.data + token->end;
    while (at < end) {
        uint8_t utf8[4];
        size_t utf8_len, len = 1;
        if (*at == '\\') {
            node->escaped = true;
            len = escape_decode(at, end, utf8, &utf8_len);
        }
        if (len == 0 || *at < 0x20 || *at == '"')
            return ERR_MALFORMED;
        at += len;
    }
    walk->at = at;
    return take(walk, '"') ? ERR_OK : ERR_MALFORMED;
}

static size_t count_digits(const uint8_t *at, const uint8_t *end) {
    size_t count = 0;
    while (at + count < end && at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

static bool is_number(struct bytes text) {
    const uint8_t *at = text.data, *end = text.data + text.len;
    if (at < end && *at == '-')
        at++;
    size_t digits = count_digits(at, end);
    if (digits == 0 || digits > INTEGER_DIGITS_MAX || (*at == '0' && digits > 1))
        return false;
    at += digits;
    if (at < end && *at == '.') {
        digits = count_digits(++at, end);
        if (digits == 0)
            return false;
        at += digits;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = count_digits(at, end);
        if (digits == 0 || digits > EXPONENT_DIGITS_MAX)
            return false;
        at += digits;
    }
    return at == end;
}

static enum err walk_primitive(struct walk *walk) {
    const jsmntok_t *token;
    struct json_node *node = take_token(walk, JSMN_PRIMITIVE, 0, &token);
    if (node == NULL)
        return ERR_MALFORMED;
    struct bytes text = raw(walk->json, node);
    walk->at += text.len;
    if (bytes_equal_text(text, "null"))
        node->kind = JSON_KIND_NULL;
    else if (bytes_equal_text(text, "false"))
        node->kind = JSON_KIND_FALSE;
    else if (bytes_equal_text(text, "true"))
        node->kind = JSON_KIND_TRUE;
    else if (is_number(text))
        node->kind = JSON_KIND_NUMBER;
    else
        return ERR_MALFORMED;
    return ERR_OK;
}

/* The member's name, unless the object had it before. ${first} is the object's first name. */
static enum err walk_name(struct walk *walk, size_t first) {
    struct json *json = walk->json;
    size_t index = json->count;
    ERR_TRY(walk_string(walk));
    for (size_t other = first; other < index; other = json->nodes[other + 1].after)
        if (same_characters(json, &json->nodes[other], &json->nodes[index]))
            return ERR_MALFORMED;
    skip_blanks(walk);
    return take(walk, ':') ? ERR_OK : ERR_MALFORMED;
}

static enum err walk_value(struct walk *walk, unsigned depth);

/* The inside of an object or array and its closing bracket. */
static enum err walk_children(struct walk *walk, bool named, uint8_t closing, unsigned depth) {
    size_t first = walk->json->count;
    skip_blanks(walk);
    if (take(walk, closing))
        return ERR_OK;
    for (;;) {
        skip_blanks(walk);
        if (named)
            ERR_TRY(walk_name(walk, first));
        ERR_TRY(walk_value(walk, depth));
        skip_blanks(walk);
        if (take(walk, closing))
            return ERR_OK;
        if (!take(walk, ','))
            return ERR_MALFORMED;
    }
}

static enum err walk_container(struct walk *walk, bool named, unsigned depth) {
    const jsmntok_t *token;
    struct json_node *node = take_token(walk, named ? JSMN_OBJECT : JSMN_ARRAY, 0, &token);
    if (node == NULL)
        return ERR_MALFORMED;
    if (depth == JSON_DEPTH_MAX)
        return ERR_TOO_LARGE;
    node->kind = named ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
    walk->at++;
    ERR_TRY(walk_children(walk, named, named ? '}' : ']', depth + 1));
    node->after = (uint32_t)walk->json->count;
    /* Where jsmn saw the end must be where the grammar has it. */
    return walk->at - walk->json->text.data == token->end ? ERR_OK : ERR_MALFORMED;
}

static enum err walk_value(struct walk *walk, unsigned depth) {
    skip_blanks(walk);
    if (walk->at == walk->end)
        return ERR_MALFORMED;
    switch (*walk->at) {
    case '{':
        return walk_container(walk, true, depth);
    case '[':
        return walk_container(walk, false, depth);
    case '"':
        return walk_string(walk);
    default:
        return walk_primitive(walk);
    }
}

static enum err walk_document(struct walk *walk) {
    skip_blanks(walk);
    if (walk->at == walk->end || *walk->at != '{')
        return ERR_MALFORMED;
    ERR_TRY(walk_value(walk, 0));
    skip_blanks(walk);
    bool all = walk->at == walk->end && walk->json->count == walk->token_count;
    return all ? ERR_OK : ERR_MALFORMED;
}

enum err json_parse(struct bytes text, size_t nodes_max, struct json *json) {
    jsmntok_t tokens[JSON_NODES_MAX];
    jsmn_parser parser;
    json->text = text;
    json->count = 0;
    if (text.len > INT_MAX || nodes_max > JSON_NODES_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(codec_utf8_check(text));
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, (const char *)text.data, text.len, tokens, (unsigned)nodes_max);
    if (count <= 0)
        return count == JSMN_ERROR_NOMEM ? ERR_TOO_LARGE : ERR_MALFORMED;
    struct walk walk = {.at = text.data,
                        .end = text.data + text.len,
                        .tokens = tokens,
                        .token_count = parser.toknext,
                        .json = json};
    enum err err = walk_document(&walk);
    if (err != ERR_OK)
        json->count = 0;
    return err;
}

const struct json_node *json_root(const struct json *json) {
    return &json->nodes[0];
}

bool json_next(const struct json *json, const struct json_node *parent, struct json_child *child) {
    if (parent->kind != JSON_KIND_OBJECT && parent->kind != JSON_KIND_ARRAY)
        return false;
    size_t index = child->value == NULL ? (size_t)(parent - json->nodes) + 1 : child->value->after;
    *child = (struct json_child){0};
    if (index >= parent->after)
        return false;
    if (parent->kind == JSON_KIND_OBJECT)
        child->name = &json->nodes[index++];
    child->value = &json->nodes[index];
    return true;
}

const struct json_node *json_member(const struct json *json, const struct json_node *object,
                                    const char *name) {
    struct json_child child = {0};
    while (object->kind == JSON_KIND_OBJECT && json_next(json, object, &child))
        if (json_is_text(json, child.name, name))
            return child.value;
    return NULL;
}

bool json_is_text(const struct json *json, const struct json_node *node, const char *text) {
    if (node->kind != JSON_KIND_STRING)
        return false;
    if (!node->escaped)
        return bytes_equal_text(raw(json, node), text);
    struct characters characters = characters_of(json, node);
    uint8_t byte;
    while (next_byte(&characters, &byte))
        if (*text == '\0' || byte != (uint8_t)*text++)
            return false;
    return *text == '\0';
}

void json_append(const struct json *json, const struct json_node *string, struct buffer *target) {
    if (string->kind != JSON_KIND_STRING) {
        target->err = target->err == ERR_OK ? ERR_MALFORMED : target->err;
        return;
    }
    if (!string->escaped) {
        buffer_raw(target, json->text.data + string->start, string->len);
        return;
    }
    const uint8_t *at = json->text.data + string->start, *end = at + string->len;
    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        uint8_t utf8[4];
        size_t utf8_len = 0;
        buffer_raw(target, at, (size_t)((escape != NULL ? escape : end) - at));
        at = escape != NULL ? escape + escape_decode(escape, end, utf8, &utf8_len) : end;
        buffer_raw(target, utf8, utf8_len);
    }
}

enum err json_to_text(const struct json *json, const struct json_node *string, char *text,
                      size_t size) {
    struct buffer target = buffer_over(text, size - 1);
    json_append(json, string, &target);
    text[target.err == ERR_OK ? target.len : 0] = '\0';
    return target.err == ERR_FULL ? ERR_TOO_LARGE : target.err;
}
