/*
 * The JSON of a sealed block. What unseal says of it is a message that core's reader accepts and
 * writes again in the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "firmware/base/frame.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/jose_sealed.h"
#include "authd/unseal/payload.h"

#define ANSWER_MAX FRAME_PAYLOAD_MAX

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct jose_sealed read, again;
    static uint8_t first[ANSWER_MAX], second[ANSWER_MAX], memory[DECODE_WORKSPACE_BYTES];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer written = buffer_over(first, sizeof first);
    struct buffer rewritten = buffer_over(second, sizeof second);
    read = (struct jose_sealed){.opened = true};
    jose_sealed_read(bytes_of(data, size), &workspace, &read);
    require(read.opened && workspace.err == ERR_OK);
    jose_wire_put_sealed(&written, &read);
    require(written.err == ERR_OK);
    require(jose_wire_get_sealed(bytes_of(first, written.len), &again) == ERR_OK);
    jose_wire_put_sealed(&rewritten, &again);
    require(bytes_equal(bytes_of(first, written.len), bytes_of(second, rewritten.len)));
    require(read.well_formed || read.payload.otp[0] == '\0');
    return 0;
}
