/*
 * Questions for certificates and their answers, as signer 0 and provd read them, and an officer's
 * about them: what is accepted is written again as the same bytes. A question that is accepted is
 * judged too, which no question may end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "firmware/base/bytes.h"
#include "hsm/certify.h"
#include "hsm/wire_certify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[65536];

static void same(const struct buffer *buffer, struct bytes payload) {
    struct bytes written;
    if (buffer_end(buffer, &written) != ERR_OK || !bytes_equal(written, payload))
        abort();
}

static void read_question(struct bytes payload) {
    struct hsm_certify question;
    struct buffer buffer = buffer_over(memory, sizeof memory);
    if (hsm_wire_get_certify(payload, &question) != ERR_OK)
        return;
    hsm_wire_put_certify(&buffer, &question);
    same(&buffer, payload);
    const struct certify_authority nobody = {0};
    if (certify_issue(&nobody, &question, INT64_C(1800000000000), &buffer) == ERR_OK)
        abort();
}

static void read_answer(struct bytes payload) {
    struct hsm_certified answer;
    struct buffer buffer = buffer_over(memory, sizeof memory);
    if (hsm_wire_get_certified(payload, &answer) != ERR_OK)
        return;
    hsm_wire_put_certified(&buffer, &answer);
    same(&buffer, payload);
}

/* The first byte says which. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0)
        read_question(bytes_of(data + 1, size - 1));
    else
        read_answer(bytes_of(data + 1, size - 1));
    return 0;
}
