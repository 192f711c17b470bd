/*
 * The JSON of a decrypted request. What unseal says of it is a message that core's reader accepts
 * and writes again in the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "firmware/base/frame.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/payload.h"
#include "authd/wire/sample_wire.h"

#define ANSWER_MAX FRAME_PAYLOAD_MAX

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_segments(const struct payload *read) {
    static struct biometric_segments segments;
    static uint8_t memory[SAMPLE_SEGMENTS_MAX];
    struct buffer rewritten = buffer_over(memory, sizeof memory);
    require(sample_wire_get_segments(read->biometric_segments, &segments) == ERR_OK);
    require(segments.malformed == (read->biometrics_text.len == 0));
    sample_wire_put_segments(&rewritten, &segments);
    require(bytes_equal(read->biometric_segments, bytes_of(memory, rewritten.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct payload read = {.hmac_opened = true, .request_opened = true, .hash_matches = true};
    struct payload again;
    static uint8_t first[ANSWER_MAX], second[ANSWER_MAX], memory[DECODE_WORKSPACE_BYTES];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer written = buffer_over(first, sizeof first);
    struct buffer rewritten = buffer_over(second, sizeof second);
    payload_read(bytes_of(data, size), &workspace, &read);
    unseal_wire_put_payload(&written, &read);
    require(written.err == ERR_OK);
    require(unseal_wire_get_payload(bytes_of(first, written.len), &again) == ERR_OK);
    unseal_wire_put_payload(&rewritten, &again);
    require(bytes_equal(bytes_of(first, written.len), bytes_of(second, rewritten.len)));
    if (again.has_biometrics)
        check_segments(&again);
    require(!read.otp_well_formed || read.has_otp);
    require(read.is_json || !read.has_otp);
    require(workspace.err == ERR_OK);
    return 0;
}
