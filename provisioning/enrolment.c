#include <stdio.h>
#include <string.h>

#include "firmware/base/frame.h"
#include "authd/store/enrolled.h"
#include "authd/wire/sample_wire.h"
#include "provisioning/enrolment.h"

#define PLACE_SIZE 64

/* One person's records on their way, in secret memory. */
struct work {
    struct change *change;
    size_t index;           /* of the person in the batch */
    char place[PLACE_SIZE]; /* which record it is at: "Right Thumb[0]", "cbeff[3]" */
    struct buffer data;     /* what the views of ${enrolled} point into */
    struct enrolled enrolled;
    struct enrolment answer;
};

/* Questions pass through ordinary memory, as the frames that carry them do. */
static uint8_t question_memory[FRAME_PAYLOAD_MAX];

static enum err refuse(struct work *work, enum err status, enum officer_reason reason,
                       const char *problem) {
    char detail[OFFICER_DETAIL_SIZE];
    (void)snprintf(detail, sizeof detail, "%s%s%s", work->place, problem[0] != '\0' ? ": " : "",
                   problem);
    enum err err = change_refuse(work->change, status, reason, detail);
    work->change->outcome.count = (uint32_t)work->index;
    return err;
}

/* ---- images: what the plug-in makes of them ---- */

static enum err ask_plugin(struct work *work, const struct enrolment_record *record,
                           struct secret *answer) {
    const struct plugin_extract question = {
        .record = {record->modality, record->position, record->format, record->data}};
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    struct bytes written;
    plugin_wire_put_extract(&buffer, &question);
    enum err err = buffer_end(&buffer, &written);
    if (err == ERR_OK)
        err = provd_peers_ask_plugin(work->change->provd->peers, PLUGIN_EXTRACT, written, answer);
    secret_wipe(question_memory, buffer.len);
    return err == ERR_OK ? ERR_OK : refuse(work, ERR_UNAVAILABLE, OFFICER_REASON_PLUGIN, "");
}

/* Copies ${data} to where it stays until the person's row is written. */
static enum err keep(struct work *work, struct bytes data, struct enrolled_part *part) {
    size_t start = work->data.len;
    buffer_raw(&work->data, data.data, data.len);
    if (work->data.err != ERR_OK)
        return refuse(work, ERR_FULL, OFFICER_REASON_RECORD_MANY, "size");
    part->data = bytes_of(work->data.data + start, data.len);
    return ERR_OK;
}

static enum err take_image(struct work *work, const struct enrolment_record *record,
                           struct enrolled_part *part) {
    struct plugin_hello plugin;
    struct plugin_extracted extracted;
    const char *format = biometric_wire_format_name(record->format);
    SECRET(answer);
    enum err err = provd_peers_plugin(work->change->provd->peers, &plugin);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !plugin.modalities[record->modality]))
        return refuse(work, ERR_DENIED, OFFICER_REASON_RECORD_IMAGE, format);
    if (err != ERR_OK)
        return refuse(work, ERR_UNAVAILABLE, OFFICER_REASON_PLUGIN, "");
    ERR_TRY(ask_plugin(work, record, &answer));
    if (plugin_wire_get_extracted(secret_view(&answer), &extracted) != ERR_OK ||
        extracted.status == ERR_UNAVAILABLE)
        return refuse(work, ERR_UNAVAILABLE, OFFICER_REASON_PLUGIN, plugin.name);
    if (extracted.status != ERR_OK)
        return refuse(work, ERR_DENIED, OFFICER_REASON_RECORD_PLUGIN, plugin.name);
    part->kind = ENROLLED_PLUGIN;
    memcpy(part->plugin, plugin.name, sizeof part->plugin);
    return keep(work, extracted.template, part);
}

/* ---- one record that unseal has read ---- */

static enum err refuse_record(struct work *work, const struct enrolment_record *record) {
    char problem[OFFICER_DETAIL_SIZE - PLACE_SIZE - 2];
    const char *format = biometric_wire_format_name(record->format);
    bool other_format =
        record->reason == BIOMETRIC_UNRECOGNISED || record->reason == BIOMETRIC_NOT_ACCEPTED;
    if (other_format)
        return refuse(work, ERR_MALFORMED, OFFICER_REASON_RECORD_FORMAT, format);
    (void)snprintf(problem, sizeof problem, "%s (%s)", biometric_wire_reason_text(record->reason),
                   format);
    return refuse(work, ERR_MALFORMED, OFFICER_REASON_RECORD, problem);
}

static size_t count_alike(const struct enrolled *enrolled, const struct enrolment_record *record) {
    size_t count = 0;
    for (size_t i = 0; i < enrolled->count; i++)
        count += enrolled->parts[i].modality == record->modality &&
                 enrolled->parts[i].position == record->position;
    return count;
}

static enum err take_record(struct work *work, const struct enrolment_record *record) {
    static const enum enrolled_kind kinds[] = {[SAMPLE_MINUTIAE] = ENROLLED_MINUTIAE,
                                               [SAMPLE_IRIS_CODE] = ENROLLED_IRIS_CODE,
                                               [SAMPLE_FACE_VECTOR] = ENROLLED_FACE_VECTOR};
    struct enrolled *enrolled = &work->enrolled;
    if (record->kind == SAMPLE_NONE)
        return refuse_record(work, record);
    if (enrolled->count == ENROLLED_MAX || count_alike(enrolled, record) == ENROLLED_A_PART_MAX)
        return refuse(work, ERR_FULL, OFFICER_REASON_RECORD_MANY, "count");
    struct enrolled_part *part = &enrolled->parts[enrolled->count];
    part->modality = record->modality;
    part->position = record->position;
    if (record->kind == SAMPLE_IMAGE) {
        ERR_TRY(take_image(work, record, part));
    } else {
        part->kind = kinds[record->kind];
        part->minutiae = record->minutiae;
        ERR_TRY(keep(work, record->data, part));
    }
    enrolled->count++;
    return ERR_OK;
}

/* ---- the records of one person ---- */

static enum err ask_unseal(struct work *work, const struct enrolment_question *question,
                           struct secret *answer) {
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    struct bytes written;
    sample_wire_put_enrolment_question(&buffer, question);
    enum err err = buffer_end(&buffer, &written);
    if (err == ERR_OK)
        err = provd_peers_ask_unseal(work->change->provd->peers, UNSEAL_ENROLMENT, written, answer);
    secret_wipe(question_memory, buffer.len);
    if (err == ERR_OK)
        err = sample_wire_get_enrolment(secret_view(answer), &work->answer);
    return err == ERR_OK ? ERR_OK : refuse(work, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "");
}

/* What unseal says of a data block is of the part that was announced, once or as often as it has
 * views; whatever else it says is not taken. */
static bool agrees(const struct enrolment *answer, const struct enrolment_question *question) {
    if (question->is_document)
        return true;
    if (answer->status != ERR_OK || answer->count == 0)
        return false;
    for (size_t i = 0; i < answer->count; i++)
        if (answer->records[i].modality != question->modality ||
            answer->records[i].position != question->position)
            return false;
    return true;
}

static enum err take_answer(struct work *work, const struct enrolment_question *question) {
    const struct enrolment *answer = &work->answer;
    char line[24];
    if (!agrees(answer, question))
        return refuse(work, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "answer");
    (void)snprintf(line, sizeof line, "line %u", answer->line);
    if (answer->status != ERR_OK)
        return refuse(work, ERR_MALFORMED, OFFICER_REASON_DOCUMENT, line);
    for (size_t i = 0; i < answer->count; i++) {
        if (question->is_document)
            (void)snprintf(work->place, sizeof work->place, "cbeff[%zu]", i);
        ERR_TRY(take_record(work, &answer->records[i]));
    }
    return ERR_OK;
}

/* Which of the records of this part it is, from 0: as the officer's file has them in a list. */
static size_t place_of(struct bytes records, const struct officer_record *record) {
    struct cursor cursor = cursor_over(records);
    struct officer_record before;
    size_t count = 0;
    while (officer_wire_take_record(&cursor, &before) == ERR_OK &&
           before.data.data != record->data.data)
        count += strcmp(before.part, record->part) == 0;
    return count;
}

static enum err read_record(struct work *work, struct bytes records,
                            const struct officer_record *record) {
    struct enrolment_question question = {.record = record->data,
                                          .is_document = record->part[0] == '\0'};
    SECRET(answer);
    if (question.is_document) {
        (void)snprintf(work->place, sizeof work->place, "cbeff");
    } else {
        ERR_TRY(officer_wire_part(record->part, &question.modality, &question.position));
        (void)snprintf(work->place, sizeof work->place, "%s[%zu]", record->part,
                       place_of(records, record));
    }
    ERR_TRY(ask_unseal(work, &question, &answer));
    return take_answer(work, &question);
}

static enum err encode(struct work *work, struct secret *plain) {
    SECRET(memory);
    struct bytes written;
    ERR_TRY(change_registry(work->change, secret_new(&memory, ENROLLED_PLAIN_MAX)));
    struct buffer buffer = buffer_over(memory.data, memory.len);
    enum err err = enrolled_encode(&work->enrolled, &buffer);
    if (err == ERR_FULL)
        return refuse(work, err, OFFICER_REASON_RECORD_MANY, "size");
    if (err == ERR_OK)
        err = buffer_end(&buffer, &written);
    if (err == ERR_OK)
        err = secret_copy(plain, written);
    return change_registry(work->change, err);
}

static enum err read_all(struct work *work, struct bytes records, struct secret *plain) {
    struct cursor cursor = cursor_over(records);
    while (cursor.left > 0) {
        struct officer_record record;
        ERR_TRY(officer_wire_take_record(&cursor, &record));
        ERR_TRY(read_record(work, records, &record));
    }
    (void)snprintf(work->place, sizeof work->place, "biometrics");
    /* a document may say of every part why it could not be captured */
    return work->enrolled.count > 0 ? encode(work, plain) : ERR_OK;
}

enum err enrolment_read(struct change *change, size_t index, struct bytes records,
                        struct secret *plain) {
    SECRET(memory);
    SECRET(data);
    *plain = (struct secret){0};
    if (records.len == 0)
        return ERR_OK;
    ERR_TRY(change_registry(change, secret_new(&memory, sizeof(struct work))));
    ERR_TRY(change_registry(change, secret_new(&data, ENROLLED_PLAIN_MAX)));
    struct work *work = (struct work *)(void *)memory.data;
    work->change = change;
    work->index = index;
    work->data = buffer_over(data.data, data.len);
    return read_all(work, records, plain);
}
