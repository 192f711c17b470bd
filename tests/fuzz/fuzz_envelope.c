/*
 * A request: the path, a line feed, the signature header, a line feed, the body. Whatever it is,
 * what unseal says of it is a message that core's reader accepts and writes again in the same
 * bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/envelope.h"
#include "firmware/base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct bytes take_line(struct bytes *rest) {
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    struct bytes line = bytes_of(rest->data, len);
    size_t taken = end != NULL ? len + 1 : len;
    *rest = bytes_of(rest->data + taken, rest->len - taken);
    return line;
}

static void check_round_trip(const struct envelope *envelope) {
    static uint8_t first[FRAME_PAYLOAD_MAX], second[FRAME_PAYLOAD_MAX];
    struct buffer written = buffer_over(first, sizeof first);
    struct buffer again = buffer_over(second, sizeof second);
    static struct envelope read;
    unseal_wire_put_envelope(&written, envelope);
    require(written.err == ERR_OK);
    require(unseal_wire_get_envelope(bytes_of(first, written.len), &read) == ERR_OK);
    unseal_wire_put_envelope(&again, &read);
    require(bytes_equal(bytes_of(first, written.len), bytes_of(second, again.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    static struct envelope envelope;
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct bytes rest = bytes_of(data, size);
    struct edge_request request = {.method = EDGE_POST};
    require(digest_open() == ERR_OK);
    request.path = take_line(&rest);
    request.signature = take_line(&rest);
    request.has_signature = request.signature.len > 0;
    request.body = rest;
    if (request.path.len > EDGE_PATH_MAX || request.signature.len > EDGE_SIGNATURE_MAX ||
        request.body.len > EDGE_BODY_MAX)
        return 0;
    envelope_read(&request, &workspace, &envelope);
    require(workspace.err == ERR_OK);
    check_round_trip(&envelope);
    return 0;
}
