#include <stdbool.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "authd/unseal/escape.h"

static size_t utf8_encode(uint32_t point, uint8_t utf8[static 4]) {
    if (point < 0x80) {
        utf8[0] = (uint8_t)point;
        return 1;
    }
    size_t continuations = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    utf8[0] = (uint8_t)(leads[continuations] | point >> 6 * continuations);
    for (size_t i = 1; i <= continuations; i++)
        utf8[i] = (uint8_t)(0x80 | (point >> 6 * (continuations - i) & 0x3f));
    return continuations + 1;
}

/* Reads \uXXXX at ${at}. */
static bool read_unit(const uint8_t *at, const uint8_t *end, uint32_t *unit) {
    uint8_t pair[2];
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
        codec_hex_decode(bytes_of(at + 2, 4), pair, sizeof pair) != ERR_OK)
        return false;
    *unit = (uint32_t)pair[0] << 8 | pair[1];
    return true;
}

static bool is_surrogate(uint32_t unit, uint32_t first) {
    return unit >= first && unit < first + 0x400;
}

/* The escape \uXXXX, or two that are a surrogate pair. Gives how many characters it has, 0: bad. */
static size_t decode_unicode(const uint8_t *at, const uint8_t *end, uint8_t utf8[static 4],
                             size_t *utf8_len) {
    uint32_t unit = 0, low = 0;
    if (!read_unit(at, end, &unit) || unit == 0 || is_surrogate(unit, 0xdc00))
        return 0;
    if (!is_surrogate(unit, 0xd800)) {
        *utf8_len = utf8_encode(unit, utf8);
        return 6;
    }
    if (!read_unit(at + 6, end, &low) || !is_surrogate(low, 0xdc00))
        return 0;
    *utf8_len = utf8_encode(0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), utf8);
    return 12;
}

size_t escape_decode(const uint8_t *at, const uint8_t *end, uint8_t utf8[static 4],
                     size_t *utf8_len) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2)
        return 0;
    if (at[1] == 'u')
        return decode_unicode(at, end, utf8, utf8_len);
    const char *letter = memchr(letters, at[1], sizeof letters - 1);
    if (letter == NULL)
        return 0;
    utf8[0] = (uint8_t)meanings[letter - letters];
    *utf8_len = 1;
    return 2;
}
