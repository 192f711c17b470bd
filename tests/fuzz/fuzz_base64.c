/*
 * Base64 from outside. The first byte chooses the flags and whether the target is too small; the
 * rest is the text. What decodes must be the one encoding of its bytes, but for padding, alphabet
 * and newlines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

/* ${text} in the URL-safe alphabet, without padding and newlines. */
static size_t canonical(struct bytes text, uint8_t target[static TEXT_MAX]) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t character = text.data[i];
        if (character == '=' || character == '\r' || character == '\n')
            continue;
        character = character == '+' ? '-' : character;
        target[len++] = character == '/' ? '_' : character;
    }
    return len;
}

static void check_round_trip(struct bytes text, struct bytes decoded) {
    uint8_t expected[TEXT_MAX], memory[TEXT_MAX];
    size_t expected_len = canonical(text, expected);
    require(expected_len == CODEC_BASE64_CHARS(decoded.len));
    struct buffer encoded = buffer_over(memory, expected_len);
    codec_base64url(&encoded, decoded);
    struct bytes written;
    require(buffer_end(&encoded, &written) == ERR_OK);
    require(bytes_equal(written, bytes_of(expected, expected_len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > TEXT_MAX)
        return 0;
    struct bytes text = bytes_of(data + 1, size - 1);
    enum codec_base64_flags flags = (data[0] & 1) != 0 ? CODEC_SKIP_NEWLINES : CODEC_STRICT;
    size_t room = (data[0] & 2) != 0 ? text.len / 4 : CODEC_BASE64_BYTES(text.len);
    uint8_t *decoded = malloc(room + 1);
    require(decoded != NULL);
    size_t len = SIZE_MAX;
    enum err err = codec_base64_decode(text, flags, decoded, room, &len);
    if (err == ERR_OK)
        require(len <= room);
    else
        require(len == 0 && (err == ERR_MALFORMED || err == ERR_FULL));
    if (err == ERR_OK)
        check_round_trip(text, bytes_of(decoded, len));
    if (err == ERR_OK && flags == CODEC_STRICT)
        require(text.len == 0 || (memchr(text.data, '\n', text.len) == NULL &&
                                  memchr(text.data, '\r', text.len) == NULL));
    free(decoded);
    return 0;
}
