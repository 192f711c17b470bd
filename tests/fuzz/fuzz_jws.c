/*
 * The signature header. The first byte chooses whether the rest is the whole header, or the JSON of
 * its protected part. What is read points into the header and the workspace, and a certificate in
 * it is framed as one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"
#include "authd/unseal/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static bool is_within(struct bytes view, const void *memory, size_t size) {
    uintptr_t start = (uintptr_t)memory, at = (uintptr_t)view.data;
    return at >= start && at - start <= size && view.len <= size - (at - start);
}

static void check(struct bytes header, const struct buffer *workspace, const struct jws *jws) {
    uint8_t memory[2 * DER_CERTIFICATE_MAX];
    struct buffer other = buffer_over(memory, sizeof memory);
    struct bytes der;
    require(jws->shape > JWS_ABSENT && jws->shape <= JWS_READ);
    if (jws->shape != JWS_READ) {
        require(jws->protected_header.len + jws->signature.len + jws->certificate.len == 0);
        return;
    }
    require(jws->protected_header.data == header.data && jws->protected_header.len > 0);
    require(memcmp(header.data + jws->protected_header.len, "..", 2) == 0);
    require(is_within(jws->signature, workspace->data, workspace->len));
    require(is_within(jws->certificate, workspace->data, workspace->len));
    require(der_certificate(jws->certificate, &other, &der) == ERR_OK);
    require(bytes_equal(der, jws->certificate));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES], header_memory[EDGE_SIGNATURE_MAX];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer made = buffer_over(header_memory, sizeof header_memory);
    struct jws jws;
    if (size < 1 || size > EDGE_SIGNATURE_MAX)
        return 0;
    struct bytes header = bytes_of(data + 1, size - 1);
    if ((data[0] & 1) != 0) {
        codec_base64url(&made, header);
        buffer_format(&made, "..AAAA");
        if (buffer_end(&made, &header) != ERR_OK)
            return 0;
    }
    jws_read(header, &workspace, &jws);
    require(workspace.err == ERR_OK);
    check(header, &workspace, &jws);
    return 0;
}
