/*
 * A request of the JOSE profile. The low bits of the first byte choose the path, the next ones
 * whether the rest is the body of a JWS, the claims alone, claims to be put into a JWS, or has no
 * media type. What unseal says of it is a message that core's reader accepts and writes again in
 * the same bytes, and what it says of the signature stands in the body.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "firmware/base/frame.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/jose_request.h"

#define HEADER                                                                                     \
    "{\"alg\":\"ES256\",\"typ\":\"idcs-request+jws\",\"kid\":"                                     \
    "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_round_trip(const struct jose_request *request) {
    static uint8_t first[FRAME_PAYLOAD_MAX], second[FRAME_PAYLOAD_MAX];
    struct buffer written = buffer_over(first, sizeof first);
    struct buffer again = buffer_over(second, sizeof second);
    static struct jose_request read;
    jose_wire_put_request(&written, request);
    require(written.err == ERR_OK);
    require(jose_wire_get_request(bytes_of(first, written.len), &read) == ERR_OK);
    jose_wire_put_request(&again, &read);
    require(bytes_equal(bytes_of(first, written.len), bytes_of(second, again.len)));
}

/* There is one way to write a signature. */
static void check_signature(struct bytes body, const struct jose_request *request) {
    char text[CODEC_BASE64_CHARS(JOSE_SIGNATURE_BYTES)];
    struct buffer target = buffer_over(text, sizeof text);
    codec_base64url(&target, bytes_of(request->signature, sizeof request->signature));
    require(target.err == ERR_OK && target.len == sizeof text);
    require(body.len == request->signed_len + 1 + sizeof text);
    require(body.data[request->signed_len] == '.');
    require(memcmp(body.data + request->signed_len + 1, text, sizeof text) == 0);
}

/* The claims, as a JWS that nobody signed. */
static struct bytes wrap(struct bytes claims) {
    static uint8_t memory[EDGE_BODY_MAX];
    static const uint8_t signature[JOSE_SIGNATURE_BYTES] = {1};
    struct buffer body = buffer_over(memory, sizeof memory);
    codec_base64url(&body, bytes_of_text(HEADER));
    buffer_u8(&body, '.');
    codec_base64url(&body, claims);
    buffer_u8(&body, '.');
    codec_base64url(&body, bytes_of(signature, sizeof signature));
    return bytes_of(memory, body.err == ERR_OK ? body.len : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const paths[] = {"/v1/otp", "/v1/authentications", "/v1/attributes", "/v1"};
    static const enum edge_media media[] = {EDGE_MEDIA_JOSE, EDGE_MEDIA_JSON, EDGE_MEDIA_JOSE,
                                            EDGE_MEDIA_NONE};
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    static struct jose_request request;
    struct buffer workspace = buffer_over(memory, sizeof memory);
    if (size < 1 || size > EDGE_BODY_MAX)
        return 0;
    unsigned form = data[0] >> 2 & 3;
    struct bytes body = bytes_of(data + 1, size - 1);
    if (form == 2)
        body = wrap(body);
    struct edge_request question = {.method = EDGE_POST,
                                    .profile = EDGE_PROFILE_JOSE,
                                    .path = bytes_of_text(paths[data[0] & 3]),
                                    .media = media[form],
                                    .body = body};
    jose_request_read(&question, &workspace, &request);
    require(workspace.err == ERR_OK);
    check_round_trip(&request);
    if (request.shape != JOSE_READ)
        return 0;
    require(request.is_signed == (media[form] == EDGE_MEDIA_JOSE));
    if (request.is_signed)
        check_signature(body, &request);
    return 0;
}
