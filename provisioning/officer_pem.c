#include <stdbool.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "provisioning/officer_pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

/* What stands before the next ${mark} in ${text}, which then begins behind it. */
static bool take_until(struct bytes *text, const char *mark, struct bytes *before) {
    const uint8_t *at = memmem(text->data, text->len, mark, strlen(mark));
    if (at == NULL)
        return false;
    size_t len = (size_t)(at - text->data);
    *before = bytes_of(text->data, len);
    *text = bytes_of(at + strlen(mark), text->len - len - strlen(mark));
    return true;
}

static enum err decode(struct bytes base64, size_t most, struct buffer *memory,
                       struct bytes *certificate) {
    size_t len = 0, left = memory->size - memory->len;
    uint8_t *at = memory->data + memory->len;
    enum err err = codec_base64_decode(base64, CODEC_SKIP_NEWLINES, at, left, &len);
    if (err == ERR_FULL || (err == ERR_OK && len > most))
        return ERR_TOO_LARGE;
    if (err != ERR_OK || len == 0)
        return ERR_MALFORMED;
    *certificate = bytes_of(at, len);
    memory->len += len;
    return ERR_OK;
}

enum err officer_pem_read(struct bytes text, const struct officer_pem_limits *limits,
                          struct buffer *memory, struct bytes *certificates, size_t *count) {
    struct bytes between, base64;
    *count = 0;
    while (take_until(&text, BEGIN, &between)) {
        if (!take_until(&text, END, &base64))
            return ERR_MALFORMED;
        if (*count == limits->most)
            return ERR_FULL;
        ERR_TRY(decode(base64, limits->each, memory, &certificates[*count]));
        (*count)++;
    }
    return *count > 0 ? ERR_OK : ERR_NOT_FOUND;
}
