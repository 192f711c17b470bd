#include <stdio.h>
#include <string.h>

#include "authd/core/claims.h"

#include "firmware/base/codec.h"
#include "firmware/base/escape.h"

enum { INTEGER_CHARS = 24, BASE64URL_MAX = 96 };

/* A place in the text. Past its end there are only zeroes, which are in no grammar. */
struct place {
    struct bytes text;
    size_t at;
};

static uint8_t here(const struct place *place) {
    return place->at < place->text.len ? place->text.data[place->at] : 0;
}

static void skip_space(struct place *place) {
    while (here(place) == ' ' || here(place) == '\t' || here(place) == '\r' || here(place) == '\n')
        place->at++;
}

static bool take(struct place *place, char character) {
    skip_space(place);
    if (here(place) != (uint8_t)character)
        return false;
    place->at++;
    return true;
}

/* A string from its first quote on; ${inside} is what is between the quotes. */
static bool take_string(struct place *place, struct bytes *inside) {
    if (!take(place, '"'))
        return false;
    size_t begun = place->at;
    while (place->at < place->text.len && here(place) != '"')
        place->at += here(place) == '\\' ? 2 : 1;
    if (here(place) != '"')
        return false;
    *inside = bytes_of(place->text.data + begun, place->at - begun);
    place->at++;
    return true;
}

/* Over one value: a string, an object or list with all in it, or a number or word. */
static bool take_value(struct place *place, struct bytes *value) {
    size_t depth = 0;
    struct bytes inside;
    skip_space(place);
    size_t begun = place->at;
    while (place->at < place->text.len) {
        uint8_t character = here(place);
        bool closes = character == '}' || character == ']';
        if (depth == 0 && (closes || character == ','))
            break;
        if (character == '"') {
            if (!take_string(place, &inside))
                return false;
            continue;
        }
        depth += character == '{' || character == '[';
        depth -= closes;
        place->at++;
    }
    size_t end = place->at;
    while (end > begun && memchr(" \t\r\n", place->text.data[end - 1], 4) != NULL)
        end--;
    *value = bytes_of(place->text.data + begun, end - begun);
    return end > begun;
}

static enum err take_member(struct place *place, struct claims *claims) {
    struct bytes name, value;
    if (!take_string(place, &name) || !take(place, ':') || !take_value(place, &value))
        return ERR_MALFORMED;
    if (claims->count == CLAIMS_MAX)
        return ERR_TOO_LARGE;
    claims->members[claims->count].name = name;
    claims->members[claims->count++].value = value;
    return ERR_OK;
}

enum err claims_read(struct bytes json, struct claims *claims) {
    struct place place = {.text = json};
    claims->count = 0;
    if (!take(&place, '{'))
        return ERR_MALFORMED;
    if (take(&place, '}'))
        return ERR_OK;
    do {
        ERR_TRY(take_member(&place, claims));
    } while (take(&place, ','));
    return take(&place, '}') ? ERR_OK : ERR_MALFORMED;
}

/* The next character of a string's inside, its escape undone; 0 bytes for what is none. */
static size_t take_character(struct place *place, uint8_t utf8[static 4]) {
    size_t len = 1;
    utf8[0] = here(place);
    if (utf8[0] != '\\') {
        place->at++;
        return len;
    }
    const uint8_t *text = place->text.data;
    size_t taken = escape_decode(text + place->at, text + place->text.len, utf8, &len);
    place->at += taken;
    return taken > 0 ? len : 0;
}

/* Whether a string's inside means ${text}. */
static bool means(struct bytes inside, const char *text) {
    struct place place = {.text = inside};
    struct bytes left = bytes_of_text(text);
    while (place.at < inside.len) {
        uint8_t utf8[4];
        size_t len = take_character(&place, utf8);
        if (len == 0 || len > left.len || memcmp(left.data, utf8, len) != 0)
            return false;
        left = bytes_of(left.data + len, left.len - len);
    }
    return left.len == 0;
}

struct bytes claims_value(const struct claims *claims, const char *name) {
    for (size_t i = 0; i < claims->count; i++) {
        if (means(claims->members[i].name, name))
            return claims->members[i].value;
    }
    return bytes_of(NULL, 0);
}

/* The inside of a value that is one string and nothing else. */
static bool is_string(struct bytes value, struct bytes *inside) {
    struct place place = {.text = value};
    return take_string(&place, inside) && place.at == value.len;
}

struct bytes claims_plain(const struct claims *claims, const char *name) {
    struct bytes inside, value = claims_value(claims, name);
    if (!is_string(value, &inside) || memchr(inside.data, '\\', inside.len) != NULL)
        return bytes_of(NULL, 0);
    return inside;
}

bool claims_say_text(const struct claims *claims, const char *name, const char *text) {
    struct bytes inside;
    return is_string(claims_value(claims, name), &inside) && means(inside, text);
}

bool claims_say_integer(const struct claims *claims, const char *name, int64_t number) {
    char text[INTEGER_CHARS];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    return bytes_equal_text(claims_value(claims, name), text);
}

bool claims_say_true(const struct claims *claims, const char *name) {
    return bytes_equal_text(claims_value(claims, name), "true");
}

bool claims_say_base64url(const struct claims *claims, const char *name, struct bytes bytes) {
    uint8_t memory[BASE64URL_MAX];
    struct buffer text = buffer_over(memory, sizeof(memory));
    struct bytes written;
    codec_base64url(&text, bytes);
    return buffer_end(&text, &written) == ERR_OK &&
           bytes_equal(claims_plain(claims, name), written);
}

bool claims_list(const struct claims *claims, const char *name, const char *text, size_t *count) {
    struct place place = {.text = claims_value(claims, name)};
    bool found = false;
    *count = 0;
    if (!take(&place, '['))
        return false;
    do {
        struct bytes inside;
        if (!take_string(&place, &inside))
            return false;
        (*count)++;
        found = found || means(inside, text);
    } while (take(&place, ','));
    return found && take(&place, ']');
}
