#include <stdbool.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "firmware/base/escape.h"
#include "firmware/base/utf8.h"

static size_t encode(uint32_t point, uint8_t utf8[static 4]) {
    struct buffer target = buffer_over(utf8, 4);
    utf8_put(&target, point);
    return target.len;
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
        *utf8_len = encode(unit, utf8);
        return 6;
    }
    if (!read_unit(at + 6, end, &low) || !is_surrogate(low, 0xdc00))
        return 0;
    *utf8_len = encode(0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), utf8);
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
