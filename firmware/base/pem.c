#include "firmware/base/pem.h"

#include "firmware/base/codec.h"

#define LINE_BYTES 48 /* 64 characters of base64 */

void pem_put(struct buffer *target, const char *label, struct bytes der) {
    buffer_format(target, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < der.len; at += LINE_BYTES) {
        size_t left = der.len - at;
        codec_base64(target, bytes_of(der.data + at, left < LINE_BYTES ? left : LINE_BYTES));
        buffer_raw(target, "\n", 1);
    }
    buffer_format(target, "-----END %s-----\n", label);
}
