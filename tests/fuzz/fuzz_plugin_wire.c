#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "authd/wire/plugin_wire.h"

/*
 * What core and provd hear from a process that a vendor's code runs in, and what they ask it: the
 * first byte chooses the message. Whatever is accepted must be written as the same bytes.
 */
static uint8_t memory[FRAME_PAYLOAD_MAX];

#define READ_AND_WRITE(type, name)                                                                 \
    static void read_##name(struct bytes payload) {                                                \
        static struct type message;                                                                \
        struct buffer target = buffer_over(memory, sizeof memory);                                 \
        struct bytes written;                                                                      \
        if (plugin_wire_get_##name(payload, &message) != ERR_OK)                                   \
            return;                                                                                \
        plugin_wire_put_##name(&target, &message);                                                 \
        if (buffer_end(&target, &written) != ERR_OK || !bytes_equal(written, payload))             \
            abort();                                                                               \
    }
READ_AND_WRITE(plugin_hello, hello)
READ_AND_WRITE(plugin_extract, extract)
READ_AND_WRITE(plugin_extracted, extracted)
READ_AND_WRITE(plugin_compare, compare)
READ_AND_WRITE(plugin_compared, compared)

static void (*const readers[])(struct bytes payload) = {
    read_hello, read_extract, read_extracted, read_compare, read_compared,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > FRAME_PAYLOAD_MAX)
        return 0;
    readers[data[0] % (sizeof readers / sizeof *readers)](bytes_of(data + 1, size - 1));
    return 0;
}
