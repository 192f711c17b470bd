#include <stdlib.h>
#include <string.h>

#include "authd/core/jose_claims.h"

#include "firmware/base/codec.h"
#include "authd/core/claims.h"

enum { BLOCK_PARTS = 5, HEADER_BYTES_MAX = CODEC_BASE64_BYTES(JOSE_PROTECTED_MAX) };

/* Cuts ${text} at its dots; false unless there are as many parts. */
static bool cut(struct bytes text, struct bytes *parts, size_t count) {
    size_t found = 0, begun = 0;
    for (size_t at = 0; at <= text.len; at++) {
        if (at < text.len && text.data[at] != '.')
            continue;
        if (found == count)
            return false;
        parts[found++] = bytes_of(text.data + begun, at - begun);
        begun = at + 1;
    }
    return found == count;
}

/* The path is not signed, but it is edge's word and not unseal's. */
static bool is_path_of(struct bytes path, enum envelope_function function) {
    static const char *const paths[] = {[FUNCTION_NONE] = "",
                                        [FUNCTION_AUTH] = "/v1/authentications",
                                        [FUNCTION_OTP] = "/v1/otp",
                                        [FUNCTION_KYC] = "/v1/attributes"};
    return bytes_equal_text(path, paths[function]);
}

/* The claims as JSON: the body, or the middle part of the JWS. */
static enum err decode_claims(const struct request *request, uint8_t *scratch, size_t size,
                              struct bytes *json) {
    const struct jose_request *read = &request->jose.request;
    struct bytes parts[2];
    size_t len = 0;
    if (read->is_signed != (request->edge.media == EDGE_MEDIA_JOSE))
        return ERR_DENIED;
    *json = request->edge.body;
    if (!read->is_signed)
        return ERR_OK;
    if (!cut(bytes_of(request->edge.body.data, read->signed_len), parts, 2) ||
        codec_base64_decode(parts[1], CODEC_STRICT, scratch, size, &len) != ERR_OK)
        return ERR_DENIED;
    *json = bytes_of(scratch, len);
    return ERR_OK;
}

static bool say_ids(const struct claims *claims, const struct jose_request *read) {
    return claims_say_text(claims, "iss", read->issuer) &&
           claims_say_text(claims, "aud", read->audience) &&
           claims_say_text(claims, "txn", read->transaction) &&
           claims_say_text(claims, "api_key", read->api_key) &&
           claims_say_integer(claims, "iat", read->issued_ms / 1000) &&
           claims_say_base64url(claims, "binding", bytes_of(read->binding, sizeof(read->binding)));
}

static bool say_channels(const struct claims *claims, const struct jose_request *read) {
    size_t count = 0;
    return (!read->channel_phone || claims_list(claims, "channels", "phone", &count)) &&
           (!read->channel_email || claims_list(claims, "channels", "email", &count));
}

static bool say_attributes(const struct claims *claims, const struct jose_request *read) {
    size_t count = 0;
    for (size_t i = 0; i < read->attribute_count; i++) {
        if (!claims_list(claims, "attributes", read->attributes[i], &count))
            return false;
    }
    if (read->lives_in_part[0] == '\0')
        return true;
    struct claims lives_in;
    return claims_read(claims_value(claims, "lives_in"), &lives_in) == ERR_OK &&
           lives_in.count == 1 &&
           claims_say_text(&lives_in, read->lives_in_part, read->lives_in_value);
}

/* Decodes one part of the block into exactly ${size} bytes. */
static bool decodes_to(struct bytes text, uint8_t *target, size_t size) {
    size_t len = 0;
    return codec_base64_decode(text, CODEC_STRICT, target, size, &len) == ERR_OK && len == size;
}

/* The key and the parties that the derivation is asked with are those of the header. */
static bool say_agreement(struct bytes header_text, const struct jose_block *block) {
    uint8_t memory[HEADER_BYTES_MAX];
    size_t len = 0;
    struct claims header, key;
    return codec_base64_decode(header_text, CODEC_STRICT, memory, sizeof(memory), &len) == ERR_OK &&
           claims_read(bytes_of(memory, len), &header) == ERR_OK &&
           claims_say_base64url(&header, "kid", bytes_of(block->kid, sizeof(block->kid))) &&
           (block->party_u.len == 0 || claims_say_base64url(&header, "apu", block->party_u)) &&
           (block->party_v.len == 0 || claims_say_base64url(&header, "apv", block->party_v)) &&
           claims_read(claims_value(&header, "epk"), &key) == ERR_OK &&
           claims_say_base64url(&key, "x", bytes_of(block->x, sizeof(block->x))) &&
           claims_say_base64url(&key, "y", bytes_of(block->y, sizeof(block->y)));
}

static struct bytes keep(uint8_t **at, struct bytes view) {
    struct bytes kept = bytes_of(*at, view.len);
    if (view.len > 0)
        memcpy(*at, view.data, view.len);
    *at += view.len;
    return kept;
}

/* Header, ciphertext and parties into memory of the request, the ciphertext from its text. */
static enum err keep_block(struct request *request, struct bytes header, struct bytes ciphertext) {
    struct jose_block *block = &request->jose.request.sealed;
    size_t room = CODEC_BASE64_BYTES(ciphertext.len), len = 0;
    request->sealed = malloc(room + header.len + block->party_u.len + block->party_v.len);
    if (request->sealed == NULL)
        return ERR_FULL;
    if (codec_base64_decode(ciphertext, CODEC_STRICT, request->sealed, room, &len) != ERR_OK)
        return ERR_DENIED;
    uint8_t *at = request->sealed + len;
    bool same = bytes_equal(bytes_of(request->sealed, len), block->ciphertext);
    block->ciphertext = bytes_of(request->sealed, len);
    block->protected_header = keep(&at, header);
    block->party_u = keep(&at, block->party_u);
    block->party_v = keep(&at, block->party_v);
    return same ? ERR_OK : ERR_DENIED;
}

/* header "." "" "." iv "." ciphertext "." tag (RFC 7516 §3.1; the key is agreed on, not encrypted)
 */
static enum err take_block(struct request *request, struct bytes sealed) {
    struct jose_block *block = &request->jose.request.sealed;
    struct bytes parts[BLOCK_PARTS];
    uint8_t iv[JOSE_IV_BYTES], tag[JOSE_TAG_BYTES];
    if (!cut(sealed, parts, BLOCK_PARTS) || parts[1].len != 0 ||
        !bytes_equal(parts[0], block->protected_header) || !say_agreement(parts[0], block) ||
        !decodes_to(parts[2], iv, sizeof(iv)) || memcmp(iv, block->iv, sizeof(iv)) != 0 ||
        !decodes_to(parts[4], tag, sizeof(tag)) || memcmp(tag, block->tag, sizeof(tag)) != 0)
        return ERR_DENIED;
    return keep_block(request, parts[0], parts[3]);
}

enum err jose_claims_take(struct request *request, uint8_t *scratch, size_t size) {
    const struct jose_request *read = &request->jose.request;
    struct claims claims;
    struct bytes json;
    ERR_TRY(decode_claims(request, scratch, size, &json));
    bool says = is_path_of(request->edge.path, read->function) &&
                claims_read(json, &claims) == ERR_OK && say_ids(&claims, read) &&
                (!read->consent || claims_say_true(&claims, "consent")) &&
                say_channels(&claims, read) && say_attributes(&claims, read);
    return says ? take_block(request, claims_plain(&claims, "sealed")) : ERR_DENIED;
}
