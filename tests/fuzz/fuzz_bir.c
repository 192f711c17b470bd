/*
 * A registration's XML: what is read of it lies in the workspace, is what it is said to be, and
 * nothing lies where the worker does not wipe; what is refused gives no record.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/unseal/bir.h"
#include "authd/unseal/biometric_record.h"

#define DOCUMENT_MAX (16u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_record(const struct bir_record *record, const struct buffer *workspace) {
    static const uint8_t positions[BIR_TYPES] = {10, 2, 0, 0};
    static struct biometric_record read;
    require(record->type < BIR_TYPES && record->position <= positions[record->type]);
    require(record->quality <= 100 && record->exception == (record->data.len == 0));
    if (record->exception)
        return;
    require(record->data.data >= workspace->data &&
            record->data.data + record->data.len <= workspace->data + workspace->len);
    struct biometric_announced announced = {.modality = BIOMETRIC_FINGER};
    biometric_record_read(record->data, announced, &read);
    bool is_minutiae = record->format == BIR_FINGER_MINUTIAE;
    require(read.reason != BIOMETRIC_READ || is_minutiae);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[XML_ARENA_BYTES + 2 * DOCUMENT_MAX + 64];
    static const uint8_t nothing[sizeof memory];
    static struct bir bir;
    if (size > DOCUMENT_MAX)
        return 0;
    struct buffer workspace = buffer_over(memory, sizeof memory);
    enum err err = bir_read(bytes_of(data, size), &workspace, &bir);
    require(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TOO_LARGE);
    require(bir.count <= BIR_RECORDS_MAX && (err == ERR_OK || bir.count == 0));
    for (size_t i = 0; i < bir.count; i++)
        check_record(&bir.records[i], &workspace);
    require(memcmp(memory + workspace.len, nothing, workspace.size - workspace.len) == 0);
    memset(memory, 0, workspace.len);
    return 0;
}
