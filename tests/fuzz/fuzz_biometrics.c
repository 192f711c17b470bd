/*
 * A request's list of biometrics: what is said of each member is of one piece, and every view lies
 * in the input or in the workspace.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/unseal/biometrics.h"
#include "authd/unseal/decode.h"

#define REQUEST_MAX (32u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct bytes input, decoded;

static void check_view(struct bytes view) {
    bool in_input = view.data >= input.data && view.data + view.len <= input.data + input.len;
    bool in_workspace =
        view.data >= decoded.data && view.data + view.len <= decoded.data + decoded.len;
    require(view.len == 0 || in_input || in_workspace);
}

static void check_blob(const struct blob_field *blob) {
    require(blob->data.len == 0 || (blob->presence == FIELD_PRESENT && !blob->malformed));
    check_view(blob->data);
}

static void check_signed(const struct biometric_signed *jws) {
    bool is_read = jws->shape == JWS_READ;
    require((jws->presence == FIELD_PRESENT) == (jws->shape != JWS_ABSENT));
    require((jws->signature.len > 0) == is_read && (jws->certificate.len > 0) == is_read);
    require(is_read || !jws->is_json);
    check_view(jws->text);
    check_view(jws->signature);
    check_view(jws->certificate);
}

static void check_segment(const struct biometric_segment *segment) {
    static const uint8_t positions[] = {0, 10, 10, 2, 0};
    check_blob(&segment->hash);
    check_blob(&segment->session_key);
    check_blob(&segment->thumbprint);
    check_blob(&segment->bio_value);
    require(segment->hash.data.len == 0 || segment->hash.data.len == 32);
    check_signed(&segment->data);
    check_signed(&segment->device.jws);
    require(segment->data.is_json || segment->device.jws.presence == FIELD_ABSENT);
    require(segment->position <= positions[segment->capture]);
    require((segment->position > 0) == (segment->part == BIOMETRIC_PART_KNOWN));
    require(segment->time.valid || segment->time.wall_ms == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES];
    static struct biometric_segments segments;
    static struct json json;
    input = bytes_of(data, size);
    if (size > REQUEST_MAX || json_parse(input, JSON_NODES_MAX, &json) != ERR_OK)
        return 0;
    const struct json_node *value = json_member(&json, json_root(&json), "biometrics");
    if (value == NULL)
        return 0;
    struct buffer workspace = buffer_over(memory, sizeof memory);
    biometrics_read(&json, value, &workspace, &segments);
    decoded = bytes_of(memory, workspace.len);
    require(workspace.err == ERR_OK);
    require(!segments.malformed || (segments.count == 0 && !segments.too_many));
    for (size_t i = 0; i < segments.count; i++)
        check_segment(&segments.segments[i]);
    return 0;
}
