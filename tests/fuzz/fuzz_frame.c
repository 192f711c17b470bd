#include <stdlib.h>
#include <string.h>

#include "firmware/base/boot.h"
#include "firmware/base/frame.h"

/*
 * A packet of a captured process: the frame around it, and the boot messages inside. What is
 * accepted must be exactly what the writer would have written, so that no second spelling of a
 * message exists.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t written[FRAME_MAX_BYTES];
static struct boot boot;

static void expect_same(const struct buffer *buffer, struct bytes read) {
    struct bytes view;
    if (buffer_end(buffer, &view) != ERR_OK || !bytes_equal(view, read))
        abort();
}

static void try_boot(struct bytes payload) {
    struct buffer buffer = buffer_over(written, sizeof written);
    if (boot_decode(payload, &boot) != ERR_OK)
        return;
    if (boot_encode(&boot, &buffer) != ERR_OK)
        abort();
    expect_same(&buffer, payload);
}

static void try_peer(struct bytes payload) {
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    struct buffer buffer = buffer_over(written, sizeof written);
    if (boot_decode_peer(payload, role, &index) != ERR_OK)
        return;
    if (memchr(role, 0, sizeof role) == NULL || boot_encode_peer(role, index, &buffer) != ERR_OK)
        abort();
    expect_same(&buffer, payload);
}

static void try_state(struct bytes payload) {
    enum box_state state;
    struct buffer buffer = buffer_over(written, sizeof written);
    if (boot_decode_state(payload, &state) != ERR_OK)
        return;
    if (boot_encode_state(state, &buffer) != ERR_OK)
        abort();
    expect_same(&buffer, payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct frame frame;
    struct buffer buffer = buffer_over(written, sizeof written);
    if (frame_decode(bytes_of(data, size), &frame) != ERR_OK) {
        if (frame.payload.len != 0)
            abort();
        return 0;
    }
    if (frame_encode(&frame, &buffer) != ERR_OK)
        abort();
    expect_same(&buffer, bytes_of(data, size));
    try_boot(frame.payload);
    try_peer(frame.payload);
    try_state(frame.payload);
    return 0;
}
