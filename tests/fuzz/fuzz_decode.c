/*
 * The fast base64 decoder of unseal beside the constant-time one of base: they accept the same
 * texts and give the same bytes. The first byte chooses the flags.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "authd/unseal/decode.h"

#define TEXT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[2 * TEXT_MAX], expected[TEXT_MAX];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct bytes decoded;
    size_t expected_len = 0;
    if (size < 1 || size > TEXT_MAX)
        return 0;
    enum codec_base64_flags flags = (data[0] & 1) != 0 ? CODEC_SKIP_NEWLINES : CODEC_STRICT;
    struct bytes text = bytes_of(data + 1, size - 1);
    enum err oracle = codec_base64_decode(text, flags, expected, sizeof expected, &expected_len);
    require(decode_base64(text, flags, &workspace, &decoded) == oracle);
    require(bytes_equal(decoded, bytes_of(expected, oracle == ERR_OK ? expected_len : 0)));
    require(workspace.len == decoded.len);
    return 0;
}
