/*
 * A request for a certificate, PEM or DER: whatever is read of it survives the way to provd, and a
 * key is told only of a request that is signed by it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/pkcs10.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_read(struct bytes encoded) {
    static uint8_t memory[DECODE_WORKSPACE_BYTES], answer[1024], once_more[1024];
    struct buffer workspace = buffer_over(memory, sizeof memory);
    struct buffer written = buffer_over(answer, sizeof answer);
    struct buffer rewritten = buffer_over(once_more, sizeof once_more);
    struct unseal_pkcs10_read read, again;
    pkcs10_read(encoded, &workspace, &read);
    require(read.status == ERR_OK || (read.modulus_len == 0 && read.key == 0));
    pkcs10_wire_put_read(&written, &read);
    require(written.err == ERR_OK);
    require(pkcs10_wire_get_read(bytes_of(answer, written.len), &again) == ERR_OK);
    pkcs10_wire_put_read(&rewritten, &again);
    require(bytes_equal(bytes_of(answer, written.len), bytes_of(once_more, rewritten.len)));
}

/* The same bytes as an answer, as provd reads it. */
static void check_answer(struct bytes payload) {
    static uint8_t memory[1024];
    struct buffer written = buffer_over(memory, sizeof memory);
    struct unseal_pkcs10_read read;
    if (pkcs10_wire_get_read(payload, &read) != ERR_OK)
        return;
    pkcs10_wire_put_read(&written, &read);
    require(bytes_equal(bytes_of(memory, written.len), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_open;
    if (!is_open)
        require(certificate_open() == ERR_OK);
    is_open = true;
    if (size > PKCS10_ENCODED_MAX)
        return 0;
    check_read(bytes_of(data, size));
    check_answer(bytes_of(data, size));
    return 0;
}
