/*
 * A certificate from outside, PEM or DER: read alone, read with itself as the anchor, and as the
 * signer of a request that it has not signed, which must never be trusted.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"
#include "firmware/base/frame.h"

#define NOW_MS       1705314030123
#define ENCODED_MAX  16384
#define HEADER_CHARS 40000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_read(struct bytes encoded, const struct bytes *anchor) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES], answer[FRAME_PAYLOAD_MAX];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer written = buffer_over(answer, sizeof answer);
    struct unseal_certificate question = {.encoded = encoded, .now_ms = NOW_MS};
    struct unseal_certificate_read read, again;
    if (anchor != NULL)
        question.anchors[question.anchor_count++] = *anchor;
    certificate_read(&question, &workspace, &read);
    unseal_wire_put_certificate_read(&written, &read);
    require(written.err == ERR_OK);
    require(unseal_wire_get_certificate_read(bytes_of(answer, written.len), &again) == ERR_OK);
    require(read.status == again.status && bytes_equal(read.der, again.der));
}

static void check_judged(struct bytes der) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES], header_memory[HEADER_CHARS],
        text_memory[HEADER_CHARS];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer text = buffer_over(text_memory, sizeof text_memory);
    struct buffer header = buffer_over(header_memory, sizeof header_memory);
    buffer_format(&text, "{\"alg\":\"RS256\",\"x5c\":\"");
    codec_base64(&text, der);
    buffer_format(&text, "\"}");
    codec_base64url(&header, bytes_of(text.data, text.len));
    buffer_format(&header, "..c2lnbmF0dXJl");
    require(text.err == ERR_OK && header.err == ERR_OK);
    struct unseal_foreign question = {.signature_header = bytes_of(header.data, header.len),
                                      .body = bytes_of_text("{}"),
                                      .now_ms = NOW_MS,
                                      .anchor_count = 1,
                                      .anchors = {der}};
    struct unseal_foreign_judged answer = {.trusted = true};
    certificate_judge(&question, &workspace, &answer);
    require(!answer.trusted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[ENCODED_MAX];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct bytes encoded = bytes_of(data, size), der;
    if (size > ENCODED_MAX)
        return 0;
    require(certificate_open() == ERR_OK);
    check_read(encoded, NULL);
    if (der_certificate(encoded, &workspace, &der) != ERR_OK)
        return 0;
    check_read(encoded, &der);
    check_judged(der);
    return 0;
}
