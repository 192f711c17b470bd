#include "authd/unseal/decode.h"

enum err decode_base64(struct bytes text, enum codec_base64_flags flags, struct buffer *workspace,
                       struct bytes *decoded) {
    size_t len = 0;
    *decoded = bytes_of(NULL, 0);
    if (workspace->err != ERR_OK)
        return workspace->err;
    uint8_t *room = workspace->data + workspace->len;
    ERR_TRY(codec_base64_decode(text, flags, room, workspace->size - workspace->len, &len));
    *decoded = bytes_of(room, len);
    workspace->len += len;
    return ERR_OK;
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
