#include "authd/unseal/enrolment.h"

#include <string.h>

#include "firmware/base/secret.h"
#include "authd/unseal/bir.h"
#include "authd/unseal/biometric_record.h"
#include "authd/unseal/decode.h"

_Static_assert(DECODE_WORKSPACE_BYTES >= BIR_WORKSPACE_BYTES + BIR_RECORDS_MAX, "room to read it");

/* One data block, and what is known of it before it is read. */
struct block {
    struct bytes data;
    enum biometric_modality modality;
    uint8_t position;
    bool has_quality;
    uint8_t quality;
};

/* The next record of ${enrolment}, as yet with nothing in it. NULL: there is no room for it. */
static struct enrolment_record *add(struct enrolment *enrolment, const struct block *block,
                                    const struct biometric_record *read) {
    if (enrolment->count == ENROLMENT_RECORDS_MAX) {
        enrolment->status = ERR_MALFORMED;
        return NULL;
    }
    struct enrolment_record *record = &enrolment->records[enrolment->count++];
    record->modality = block->modality;
    record->position = block->position;
    record->quality = block->quality;
    record->format = read->format;
    record->reason = read->reason;
    return record;
}

static void add_finger(struct enrolment *enrolment, const struct block *block,
                       const struct biometric_record *read, size_t finger) {
    struct enrolment_record *record = add(enrolment, block, read);
    if (record == NULL)
        return;
    record->kind = SAMPLE_MINUTIAE;
    record->minutiae = read->fingers[finger].minutiae;
    if (!block->has_quality)
        record->quality = record->minutiae.quality;
}

static void add_container(struct enrolment *enrolment, const struct block *block,
                          const struct biometric_record *read, struct buffer *workspace) {
    struct enrolment_record *record = add(enrolment, block, read);
    if (record == NULL)
        return;
    record->kind = read->format == BIOMETRIC_IDCS_IRIS_CODE ? SAMPLE_IRIS_CODE : SAMPLE_FACE_VECTOR;
    record->data = bytes_of(workspace->data + workspace->len, read->container_len);
    buffer_raw(workspace, read->container, read->container_len);
}

static void add_other(struct enrolment *enrolment, const struct block *block,
                      const struct biometric_record *read) {
    struct enrolment_record *record = add(enrolment, block, read);
    if (record == NULL || read->reason != BIOMETRIC_NO_EXTRACTOR)
        return;
    record->kind = SAMPLE_IMAGE;
    record->data = block->data;
}

static void add_block(struct enrolment *enrolment, const struct block *block,
                      struct biometric_record *read, struct buffer *workspace) {
    struct biometric_announced announced = {.modality = block->modality,
                                            .position = block->position};
    biometric_record_read(block->data, announced, read);
    for (size_t i = 0; i < read->finger_count; i++)
        add_finger(enrolment, block, read, i);
    if (read->container_len > 0)
        add_container(enrolment, block, read, workspace);
    else if (read->finger_count == 0)
        add_other(enrolment, block, read);
}

static const enum biometric_modality modalities[BIR_TYPES] = {
    [BIR_FINGER] = BIOMETRIC_FINGER,
    [BIR_IRIS] = BIOMETRIC_IRIS,
    [BIR_FACE] = BIOMETRIC_FACE,
};

static void add_records(struct enrolment *enrolment, const struct bir *bir,
                        struct biometric_record *read, struct buffer *workspace) {
    for (size_t i = 0; i < bir->count; i++) {
        const struct bir_record *record = &bir->records[i];
        struct block block = {.data = record->data,
                              .modality = modalities[record->type],
                              .position = record->position,
                              .has_quality = record->has_quality,
                              .quality = record->quality};
        if (!record->exception && record->type != BIR_EXCEPTION_PHOTO)
            add_block(enrolment, &block, read, workspace);
    }
}

static enum err read_document(struct bytes text, struct buffer *workspace,
                              struct biometric_record *read, struct enrolment *enrolment) {
    struct bir bir;
    enum err err = bir_read(text, workspace, &bir);
    enrolment->line = bir.line;
    if (err == ERR_FULL)
        return ERR_FULL;
    if (err == ERR_OK)
        add_records(enrolment, &bir, read, workspace);
    else
        enrolment->status = ERR_MALFORMED;
    return ERR_OK;
}

enum err enrolment_read(const struct enrolment_question *question, struct buffer *workspace,
                        struct enrolment *enrolment) {
    SECRET(memory);
    enum err err = ERR_OK;
    memset(enrolment, 0, sizeof *enrolment);
    ERR_TRY(secret_new(&memory, sizeof(struct biometric_record)));
    struct biometric_record *read = (struct biometric_record *)memory.data;
    const struct block block = {
        .data = question->record, .modality = question->modality, .position = question->position};
    if (question->is_document)
        err = read_document(question->record, workspace, read, enrolment);
    else
        add_block(enrolment, &block, read, workspace);
    if (enrolment->status != ERR_OK) {
        secret_wipe(enrolment->records, sizeof enrolment->records);
        enrolment->count = 0;
    }
    return err == ERR_OK ? workspace->err : err;
}
