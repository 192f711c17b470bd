/*
 * Compact JWS and JWE. The first byte chooses which, and whether the rest is all of it or the JSON
 * of its header. What is read writes the same characters again: no message has a second form.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/jose_compact.h"

#define COMPACT_MAX (64 * 1024)
#define SIGNATURE                                                                                  \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static uint8_t memory[DECODE_WORKSPACE_BYTES], compact_memory[COMPACT_MAX],
    again_memory[COMPACT_MAX];

static void append(struct buffer *target, struct bytes view) {
    buffer_u8(target, '.');
    codec_base64url(target, view);
}

static void require_same(const struct buffer *again, struct bytes text) {
    require(again->err == ERR_OK && bytes_equal(bytes_of(again->data, again->len), text));
}

static void check_jws(struct bytes text) {
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer again = buffer_over(again_memory, sizeof again_memory);
    struct jose_jws jws;
    if (jose_compact_jws(text, &workspace, &jws) != ERR_OK)
        return;
    const uint8_t *dot = memchr(text.data, '.', text.len);
    require(dot != NULL);
    buffer_raw(&again, text.data, (size_t)(dot - text.data));
    append(&again, jws.payload);
    require(again.len == jws.signed_len);
    append(&again, bytes_of(jws.signature, sizeof jws.signature));
    require_same(&again, text);
}

static void check_jwe(struct bytes text) {
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer again = buffer_over(again_memory, sizeof again_memory);
    struct jose_block block;
    if (jose_compact_jwe(text, &workspace, &block) != ERR_OK)
        return;
    require(block.party_u.len <= JOSE_PARTY_MAX && block.party_v.len <= JOSE_PARTY_MAX);
    require(block.protected_header.len > 0 && block.protected_header.len <= JOSE_PROTECTED_MAX);
    buffer_raw(&again, block.protected_header.data, block.protected_header.len);
    append(&again, bytes_of(NULL, 0));
    append(&again, bytes_of(block.iv, sizeof block.iv));
    append(&again, block.ciphertext);
    append(&again, bytes_of(block.tag, sizeof block.tag));
    require_same(&again, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer compact = buffer_over(compact_memory, sizeof compact_memory);
    if (size < 1 || size > COMPACT_MAX)
        return 0;
    struct bytes text = bytes_of(data + 1, size - 1);
    bool is_jwe = (data[0] & 1) != 0, is_header = (data[0] & 2) != 0;
    if (is_header) {
        codec_base64url(&compact, text);
        buffer_format(&compact, is_jwe ? "..AQIDBAUGBwgJCgsM.Y2lwaGVy.AQIDBAUGBwgJCgsMDQ4PEA"
                                       : ".e30." SIGNATURE);
        if (buffer_end(&compact, &text) != ERR_OK)
            return 0;
    }
    if (is_jwe)
        check_jwe(text);
    else
        check_jws(text);
    return 0;
}
