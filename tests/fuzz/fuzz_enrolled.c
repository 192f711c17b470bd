/*
 * Any bytes as what a person has enrolled: what is read is written again as the same bytes, every
 * view is inside the input, and the matchers take what they are given.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/store/enrolled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct enrolled enrolled;
static struct finger_prepared prepared;

static void require(bool holds) {
    if (!holds)
        abort();
}

static void require_part(const struct enrolled_part *part, struct bytes plain) {
    if (part->kind == ENROLLED_MINUTIAE) {
        require(part->minutiae.position == part->position);
        require(finger_prepare(&part->minutiae, &prepared) == ERR_OK);
        return;
    }
    require(part->data.len > 0 && part->data.data >= plain.data &&
            part->data.data + part->data.len <= plain.data + plain.len);
    require(strnlen(part->plugin, sizeof part->plugin) < sizeof part->plugin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct enrolled nothing;
    static uint8_t memory[ENROLLED_PLAIN_MAX];
    struct bytes plain = bytes_of(data, size);
    if (enrolled_decode(plain, &enrolled) != ERR_OK) {
        require(memcmp(&enrolled, &nothing, sizeof nothing) == 0);
        return 0;
    }
    require(enrolled.count > 0 && enrolled.count <= ENROLLED_MAX);
    for (size_t i = 0; i < enrolled.count; i++)
        require_part(&enrolled.parts[i], plain);
    struct buffer again = buffer_over(memory, sizeof memory);
    struct bytes written;
    require(enrolled_encode(&enrolled, &again) == ERR_OK);
    require(buffer_end(&again, &written) == ERR_OK && bytes_equal(written, plain));
    return 0;
}
