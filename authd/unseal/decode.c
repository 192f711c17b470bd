#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "authd/unseal/decode.h"

/* Copies ${text} in the standard alphabet to ${standard}. Both alphabets at once: ERR_MALFORMED. */
static enum err to_standard(struct bytes text, bool skip_newlines, uint8_t *standard, size_t *len) {
    bool has_url = false, has_other = false;
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t character = text.data[i];
        if (skip_newlines && (character == '\n' || character == '\r'))
            continue;
        has_other |= character == '+' || character == '/';
        has_url |= character == '-' || character == '_';
        character = character == '-' ? '+' : character;
        standard[count++] = character == '_' ? '/' : character;
    }
    *len = count;
    return has_url && has_other ? ERR_MALFORMED : ERR_OK;
}

/*
 * The groups of four before the last one. OpenSSL's decoder trims blanks and reads padding as
 * zeroes, so it must find neither: the first would show in the length.
 */
static enum err decode_groups(struct bytes groups, uint8_t *target) {
    if (groups.len == 0)
        return ERR_OK;
    if (groups.len > INT_MAX || memchr(groups.data, '=', groups.len) != NULL ||
        EVP_DecodeBlock(target, groups.data, (int)groups.len) != (int)(groups.len / 4 * 3))
        return ERR_MALFORMED;
    return ERR_OK;
}

enum err decode_base64(struct bytes text, enum codec_base64_flags flags, struct buffer *workspace,
                       struct bytes *decoded) {
    *decoded = bytes_of(NULL, 0);
    if (workspace->err != ERR_OK)
        return workspace->err;
    uint8_t *target = workspace->data + workspace->len;
    size_t room = workspace->size - workspace->len, len = 0, last_len = 0;
    if (text.len > room / 2)
        return ERR_FULL;
    uint8_t *standard = target + (room - text.len); /* behind what will be decoded */
    ERR_TRY(to_standard(text, (flags & CODEC_SKIP_NEWLINES) != 0, standard, &len));
    size_t groups = len == 0 ? 0 : (len - 1) / 4;
    ERR_TRY(decode_groups(bytes_of(standard, groups * 4), target));
    ERR_TRY(codec_base64_decode(bytes_of(standard + groups * 4, len - groups * 4), CODEC_STRICT,
                                target + groups * 3, 3, &last_len));
    *decoded = bytes_of(target, groups * 3 + last_len);
    workspace->len += decoded->len;
    return ERR_OK;
}

enum err decode_base64url(struct bytes text, struct buffer *workspace, struct bytes *decoded) {
    bool other = false; /* what is no base64 at all the decoder finds */
    for (size_t i = 0; i < text.len; i++)
        other |= text.data[i] == '+' || text.data[i] == '/' || text.data[i] == '=';
    *decoded = bytes_of(NULL, 0);
    return other ? ERR_MALFORMED : decode_base64(text, CODEC_STRICT, workspace, decoded);
}

enum err decode_string(const struct json *json, const struct json_node *string,
                       struct buffer *workspace, struct bytes *characters) {
    *characters = bytes_of(NULL, 0);
    if (!string->escaped) {
        *characters = bytes_of(json->text.data + string->start, string->len);
        return ERR_OK;
    }
    size_t start = workspace->len;
    json_append(json, string, workspace);
    if (workspace->err != ERR_OK)
        return workspace->err;
    *characters = bytes_of(workspace->data + start, workspace->len - start);
    return ERR_OK;
}
