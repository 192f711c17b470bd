#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "authd/unseal/decode.h"

static bool has(struct bytes text, char first, char second) {
    return text.len > 0 && (memchr(text.data, first, text.len) != NULL ||
                            memchr(text.data, second, text.len) != NULL);
}

/* From the URL-safe alphabet to the standard one: by exclusive or, so that all others stay. */
static const uint8_t change[256] = {['-'] = '-' ^ '+', ['_'] = '_' ^ '/'};
static const uint8_t line_break[256] = {['\n'] = 1, ['\r'] = 1};

/* In the standard alphabet and, if ${passed_over} says so, without line breaks. */
static struct bytes rewrite(struct bytes text, bool passed_over, uint8_t *memory) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t character = text.data[i];
        memory[count] = character ^ change[character];
        count += !(line_break[character] & passed_over);
    }
    return bytes_of(memory, count);
}

/* ${text} itself when it is standard already, as certificates are; else a copy in ${memory}. Both
 * alphabets at once: ERR_MALFORMED. */
static enum err to_standard(struct bytes text, bool skip_newlines, uint8_t *memory,
                            struct bytes *standard) {
    bool is_url = has(text, '-', '_'), has_breaks = skip_newlines && has(text, '\n', '\r');
    if (is_url && has(text, '+', '/'))
        return ERR_MALFORMED;
    *standard = is_url || has_breaks ? rewrite(text, skip_newlines, memory) : text;
    return ERR_OK;
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
    size_t room = workspace->size - workspace->len, last_len = 0;
    if (text.len > room / 2)
        return ERR_FULL;
    struct bytes standard;
    uint8_t *memory = target + (room - text.len); /* behind what will be decoded */
    ERR_TRY(to_standard(text, (flags & CODEC_SKIP_NEWLINES) != 0, memory, &standard));
    size_t groups = standard.len == 0 ? 0 : (standard.len - 1) / 4;
    ERR_TRY(decode_groups(bytes_of(standard.data, groups * 4), target));
    ERR_TRY(codec_base64_decode(bytes_of(standard.data + groups * 4, standard.len - groups * 4),
                                CODEC_STRICT, target + groups * 3, 3, &last_len));
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
