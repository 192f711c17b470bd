#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_compact.h"
#include "authd/unseal/jose_header.h"

enum { JWS_HEADER, JWS_PAYLOAD, JWS_SIGNATURE, JWS_PARTS };
enum { JWE_HEADER, JWE_ENCRYPTED_KEY, JWE_IV, JWE_CIPHERTEXT, JWE_TAG, JWE_PARTS };

/* ERR_MALFORMED unless there are exactly ${count} parts with dots between them. */
static enum err split(struct bytes text, struct bytes *parts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *dot = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
        bool is_last = i == count - 1;
        if ((dot == NULL) != is_last)
            return ERR_MALFORMED;
        size_t len = is_last ? text.len : (size_t)(dot - text.data);
        parts[i] = bytes_of(text.data, len);
        if (!is_last)
            text = bytes_of(dot + 1, text.len - len - 1);
    }
    return ERR_OK;
}

static enum err decode_exactly(struct bytes text, struct buffer *workspace, uint8_t *octets,
                               size_t len) {
    struct bytes decoded;
    ERR_TRY(decode_base64url(text, workspace, &decoded));
    if (decoded.len != len)
        return ERR_MALFORMED;
    memcpy(octets, decoded.data, len);
    return ERR_OK;
}

enum err jose_compact_jws(struct bytes text, struct buffer *workspace, struct jose_jws *jws) {
    struct bytes parts[JWS_PARTS];
    *jws = (struct jose_jws){0};
    ERR_TRY(split(text, parts, JWS_PARTS));
    if (text.len > EDGE_BODY_MAX)
        return ERR_MALFORMED;
    jws->signed_len = (uint32_t)(text.len - parts[JWS_SIGNATURE].len - 1);
    ERR_TRY(decode_exactly(parts[JWS_SIGNATURE], workspace, jws->signature, sizeof jws->signature));
    ERR_TRY(jose_header_jws(parts[JWS_HEADER], workspace, jws->kid));
    return decode_base64url(parts[JWS_PAYLOAD], workspace, &jws->payload);
}

enum err jose_compact_jwe(struct bytes text, struct buffer *workspace, struct jose_block *block) {
    struct bytes parts[JWE_PARTS];
    *block = (struct jose_block){0};
    ERR_TRY(split(text, parts, JWE_PARTS));
    if (parts[JWE_ENCRYPTED_KEY].len > 0 || parts[JWE_CIPHERTEXT].len == 0)
        return ERR_MALFORMED;
    ERR_TRY(decode_exactly(parts[JWE_IV], workspace, block->iv, sizeof block->iv));
    ERR_TRY(decode_exactly(parts[JWE_TAG], workspace, block->tag, sizeof block->tag));
    ERR_TRY(jose_header_jwe(parts[JWE_HEADER], workspace, block));
    block->protected_header = parts[JWE_HEADER];
    return decode_base64url(parts[JWE_CIPHERTEXT], workspace, &block->ciphertext);
}
