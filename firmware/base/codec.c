#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "firmware/base/codec.h"
#include "firmware/base/utf8.h"

/*
 * Encoding is of public bytes and takes OpenSSL's encoder, nine times as fast as libsodium's.
 * Decoding may be of secrets, so it takes libsodium's: constant time in the content, and strict
 * about the trailing bits.
 */
static const bool url_safe = true;

/* Gives the room for ${chars} characters at the end of ${target}, or NULL. */
static uint8_t *reserve(struct buffer *target, size_t chars) {
    if (target->err == ERR_OK && chars > target->size - target->len)
        target->err = ERR_FULL;
    if (target->err != ERR_OK)
        return NULL;
    uint8_t *room = target->data + target->len;
    target->len += chars;
    return room;
}

static void to_url_alphabet(uint8_t *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint8_t character = text[i];
        character = character == '+' ? '-' : character;
        text[i] = character == '/' ? '_' : character;
    }
}

static void base64_append(struct buffer *target, struct bytes view, bool url) {
    if (view.len > INT_MAX / 2) {
        target->err = target->err == ERR_OK ? ERR_FULL : target->err;
        return;
    }
    size_t chars = url ? CODEC_BASE64_CHARS(view.len) : (view.len + 2) / 3 * 4;
    uint8_t *text = reserve(target, chars);
    if (text == NULL || view.len == 0)
        return;
    /* The last group goes by a local array: EVP_EncodeBlock pads and adds a zero, for which may be
     * no room. */
    size_t last = (view.len - 1) % 3 + 1, whole = view.len - last;
    size_t whole_chars = whole / 3 * 4;
    if (whole > 0)
        (void)EVP_EncodeBlock(text, view.data, (int)whole);
    uint8_t group[5];
    (void)EVP_EncodeBlock(group, view.data + whole, (int)last);
    memcpy(text + whole_chars, group, chars - whole_chars);
    if (url)
        to_url_alphabet(text, chars);
}

void codec_base64url(struct buffer *target, struct bytes view) {
    base64_append(target, view, url_safe);
}

void codec_base64(struct buffer *target, struct bytes view) {
    base64_append(target, view, !url_safe);
}

/*
 * What libsodium 1.0.18 must not see: it takes a zero byte for the end of its list of characters to
 * ignore, and decodes every byte from 0x80 up as the digit 63.
 */
static bool is_ascii_without_zero(struct bytes text) {
    uint8_t outside = 0; /* no early end: the time says nothing about the content */
    for (size_t i = 0; i < text.len; i++)
        outside |= (uint8_t)(text.data[i] - 1) | text.data[i];
    return (outside & 0x80) == 0;
}

static bool contains(struct bytes text, char character) {
    return memchr(text.data, character, text.len) != NULL;
}

static int base64_variant(struct bytes text) {
    bool url = contains(text, '-') || contains(text, '_');
    bool padded = contains(text, '=');
    if (url)
        return padded ? sodium_base64_VARIANT_URLSAFE : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    return padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

/* How many bytes ${text} gives if it is well formed: its digits are all but padding and line ends.
 */
static size_t base64_bytes(struct bytes text) {
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t character = text.data[i];
        digits += character != '=' && character != '\r' && character != '\n';
    }
    return digits / 4 * 3 + digits % 4 * 3 / 4;
}

enum err codec_base64_decode(struct bytes text, enum codec_base64_flags flags, uint8_t *target,
                             size_t size, size_t *len) {
    *len = 0;
    if (text.len == 0)
        return ERR_OK;
    if (!is_ascii_without_zero(text))
        return ERR_MALFORMED;
    size_t wanted = base64_bytes(text), decoded = 0;
    if (wanted > size)
        return ERR_FULL;
    const char *ignored = (flags & CODEC_SKIP_NEWLINES) != 0 ? "\r\n" : NULL;
    if (sodium_base642bin(target, wanted, (const char *)text.data, text.len, ignored, &decoded,
                          NULL, base64_variant(text)) != 0) {
        sodium_memzero(target, wanted);
        return ERR_MALFORMED;
    }
    *len = decoded;
    return ERR_OK;
}

void codec_hex_upper(struct buffer *target, struct bytes view) {
    static const char digits[] = "0123456789ABCDEF";
    if (view.len > SIZE_MAX / 2) {
        target->err = target->err == ERR_OK ? ERR_FULL : target->err;
        return;
    }
    uint8_t *text = reserve(target, view.len * 2);
    if (text == NULL)
        return;
    for (size_t i = 0; i < view.len; i++) {
        text[2 * i] = (uint8_t)digits[view.data[i] >> 4];
        text[2 * i + 1] = (uint8_t)digits[view.data[i] & 15];
    }
}

enum err codec_hex_decode(struct bytes text, uint8_t *target, size_t size) {
    size_t len = 0;
    if (text.len % 2 != 0 || text.len / 2 != size)
        return ERR_MALFORMED;
    if (size == 0)
        return ERR_OK;
    if (sodium_hex2bin(target, size, (const char *)text.data, text.len, NULL, &len, NULL) == 0 &&
        len == size)
        return ERR_OK;
    sodium_memzero(target, size);
    return ERR_MALFORMED;
}

enum err codec_utf8_check(struct bytes text) {
    size_t at = 0;
    while (at < text.len) {
        if (text.data[at] < 0x80) {
            at++;
            continue;
        }
        struct bytes rest = bytes_of(text.data + at, text.len - at);
        uint32_t character;
        ERR_TRY(utf8_take(&rest, &character));
        at = text.len - rest.len;
    }
    return ERR_OK;
}

enum err codec_integer(const char *text, int64_t min, int64_t max, int64_t *value) {
    *value = 0;
    /* strtoll would pass over blanks and take a plus sign. */
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9')
        return ERR_MALFORMED;
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || parsed < min || parsed > max)
        return ERR_MALFORMED;
    *value = parsed;
    return ERR_OK;
}

void codec_json_escape(struct buffer *target, struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t letter = text.data[i];
        if (letter == '"' || letter == '\\')
            buffer_u8(target, '\\');
        if (letter < ' ' || letter == 0x7f)
            buffer_format(target, "\\u%04x", (unsigned)letter);
        else
            buffer_u8(target, letter);
    }
}
