#include "authd/wire/sample_wire.h"

#include <string.h>

#include "firmware/base/secret.h"
#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"
#include "authd/wire/anchors_wire.h"
#include "authd/wire/biometric_name.h"
#include "authd/wire/edge_wire.h"
#include "authd/wire/field.h"

#define QUALITY_MAX 100

_Static_assert(SAMPLE_ANCHORS_MAX == ANCHORS_WIRE_MAX, "anchors of a trust domain");

void sample_wire_put_question(struct buffer *target, const struct samples_question *question) {
    buffer_block(target, question->text);
    buffer_i64(target, question->now_ms);
    buffer_u8(target, (uint8_t)question->key_count);
    for (size_t i = 0; i < question->key_count; i++)
        buffer_raw(target, question->keys[i], sizeof question->keys[i]);
    anchors_wire_put(target, question->device_anchors, question->device_anchor_count);
    anchors_wire_put(target, question->ftm_anchors, question->ftm_anchor_count);
}

enum err sample_wire_get_question(struct bytes payload, struct samples_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct samples_question){0};
    question->text = cursor_block(&cursor, EDGE_BODY_MAX);
    question->now_ms = cursor_i64(&cursor);
    question->key_count = field_enum(&cursor, 1, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < question->key_count; i++)
        cursor_copy(&cursor, question->keys[i], sizeof question->keys[i]);
    question->device_anchor_count = anchors_wire_get(&cursor, question->device_anchors);
    question->ftm_anchor_count = anchors_wire_get(&cursor, question->ftm_anchors);
    field_require(&cursor, question->text.len > 0 && question->now_ms > 0);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(question, sizeof *question);
    return err;
}

/* ---- what is in a record: the same in both answers ---- */

struct content {
    enum biometric_format format;
    enum biometric_reason reason;
    enum sample_kind kind;
    struct bytes data;
};

/* Which formats a kind of sample can come in, how long its data is, and what is said of it. */
static const struct {
    enum biometric_format first, last;
    uint32_t data_min, data_max;
    enum biometric_reason reason;
} forms[] = {
    [SAMPLE_NONE] = {BIOMETRIC_FORMAT_UNKNOWN, BIOMETRIC_FORMATS - 1, 0, 0, BIOMETRIC_READ},
    [SAMPLE_MINUTIAE] = {BIOMETRIC_ISO_19794_2_2005, BIOMETRIC_ANSI_378_2004, 0, 0, BIOMETRIC_READ},
    [SAMPLE_IRIS_CODE] = {BIOMETRIC_IDCS_IRIS_CODE, BIOMETRIC_IDCS_IRIS_CODE,
                          IRIS_CODE_CONTAINER_MIN, IRIS_CODE_CONTAINER_MAX, BIOMETRIC_READ},
    [SAMPLE_FACE_VECTOR] = {BIOMETRIC_IDCS_FACE_VECTOR, BIOMETRIC_IDCS_FACE_VECTOR,
                            FACE_VECTOR_CONTAINER_MIN, FACE_VECTOR_CONTAINER_MAX, BIOMETRIC_READ},
    [SAMPLE_IMAGE] = {BIOMETRIC_ISO_19794_4_2005, BIOMETRIC_ISO_19794_6_2011, 1, SAMPLE_RECORD_MAX,
                      BIOMETRIC_NO_EXTRACTOR},
};

static bool content_agrees(const struct content *content, enum biometric_modality modality) {
    bool is_none = content->kind == SAMPLE_NONE;
    bool gives_one = content->reason == BIOMETRIC_READ || content->reason == BIOMETRIC_NO_EXTRACTOR;
    return content->format >= forms[content->kind].first &&
           content->format <= forms[content->kind].last &&
           (is_none ? !gives_one
                    : content->reason == forms[content->kind].reason &&
                          biometric_wire_modality(content->format) == modality);
}

static void put_content(struct buffer *target, const struct content *content,
                        const struct finger_template *minutiae) {
    buffer_u8(target, (uint8_t)content->format);
    buffer_u8(target, (uint8_t)content->reason);
    buffer_u8(target, (uint8_t)content->kind);
    if (content->kind == SAMPLE_MINUTIAE)
        biometric_wire_put_minutiae(target, minutiae);
    else if (content->kind != SAMPLE_NONE)
        buffer_block(target, content->data);
}

static struct content get_content(struct cursor *cursor, enum biometric_modality modality,
                                  struct finger_template *minutiae) {
    struct content content = {.reason = BIOMETRIC_UNRECOGNISED};
    content.format =
        (enum biometric_format)field_enum(cursor, BIOMETRIC_FORMAT_UNKNOWN, BIOMETRIC_FORMATS - 1);
    content.reason =
        (enum biometric_reason)field_enum(cursor, BIOMETRIC_READ, BIOMETRIC_REASONS - 1);
    content.kind = (enum sample_kind)field_enum(cursor, SAMPLE_NONE, SAMPLE_IMAGE);
    field_require(cursor, content_agrees(&content, modality));
    if (content.kind == SAMPLE_MINUTIAE)
        biometric_wire_get_minutiae(cursor, minutiae);
    else if (content.kind != SAMPLE_NONE) {
        content.data = cursor_block(cursor, forms[content.kind].data_max);
        field_require(cursor, content.data.len >= forms[content.kind].data_min);
    }
    return content;
}

/* ---- the samples of a request ---- */

static bool is_verified(const struct sample *sample) {
    return sample->data_trusted && sample->digital_id_trusted && sample->opened && sample->chained;
}

static void put_sample(struct buffer *target, const struct sample *sample) {
    struct content content = {sample->format, sample->reason, sample->kind, sample->data};
    buffer_bool(target, sample->data_trusted);
    buffer_bool(target, sample->digital_id_trusted);
    buffer_bool(target, sample->opened);
    buffer_bool(target, sample->chained);
    buffer_raw(target, sample->hash, sizeof sample->hash);
    buffer_u8(target, (uint8_t)sample->capture);
    buffer_u8(target, sample->position);
    put_content(target, &content, &sample->minutiae);
}

static bool sample_agrees(const struct sample *sample) {
    bool has_content =
        sample->format != BIOMETRIC_FORMAT_UNKNOWN || sample->reason != BIOMETRIC_UNRECOGNISED;
    if (sample->chained && !sample->opened)
        return false;
    if (sample->capture == BIOMETRIC_CAPTURE_NONE || !is_verified(sample))
        return !has_content;
    return sample->kind != SAMPLE_MINUTIAE || sample->position == 0 ||
           sample->minutiae.position == sample->position;
}

static void get_sample(struct cursor *cursor, struct sample *sample) {
    sample->data_trusted = cursor_bool(cursor);
    sample->digital_id_trusted = cursor_bool(cursor);
    sample->opened = cursor_bool(cursor);
    sample->chained = cursor_bool(cursor);
    cursor_copy(cursor, sample->hash, sizeof sample->hash);
    sample->capture =
        (enum biometric_capture)field_enum(cursor, BIOMETRIC_CAPTURE_NONE, BIOMETRIC_CAPTURE_FACE);
    enum biometric_modality modality = biometric_name_modality(sample->capture);
    bool is_known = sample->capture != BIOMETRIC_CAPTURE_NONE;
    sample->position = field_enum(cursor, 0, is_known ? biometric_name_last_position(modality) : 0);
    struct content content = get_content(cursor, modality, &sample->minutiae);
    sample->format = content.format;
    sample->reason = content.reason;
    sample->kind = content.kind;
    sample->data = content.data;
    field_require(cursor, sample_agrees(sample));
}

void sample_wire_put_samples(struct buffer *target, const struct samples *samples) {
    buffer_u8(target, (uint8_t)samples->count);
    for (size_t i = 0; i < samples->count; i++)
        put_sample(target, &samples->samples[i]);
}

enum err sample_wire_get_samples(struct bytes payload, struct samples *samples) {
    struct cursor cursor = cursor_over(payload);
    memset(samples, 0, sizeof *samples);
    samples->count = field_enum(&cursor, 0, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < samples->count && cursor.err == ERR_OK; i++)
        get_sample(&cursor, &samples->samples[i]);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(samples, sizeof *samples);
    return err;
}

/* ---- enrolment ---- */

static bool is_part(enum biometric_modality modality, uint8_t position) {
    uint8_t last = biometric_name_last_position(modality);
    return position <= last && (position > 0) == (last > 0);
}

static enum biometric_modality get_modality(struct cursor *cursor) {
    return (enum biometric_modality)field_enum(cursor, BIOMETRIC_FINGER, BIOMETRIC_FACE);
}

void sample_wire_put_enrolment_question(struct buffer *target,
                                        const struct enrolment_question *question) {
    buffer_bool(target, question->is_document);
    buffer_block(target, question->record);
    if (question->is_document)
        return;
    buffer_u8(target, (uint8_t)question->modality);
    buffer_u8(target, question->position);
}

enum err sample_wire_get_enrolment_question(struct bytes payload,
                                            struct enrolment_question *question) {
    struct cursor cursor = cursor_over(payload);
    struct enrolment_question read = {.is_document = cursor_bool(&cursor)};
    read.record = cursor_block(&cursor, SAMPLE_RECORD_MAX);
    if (!read.is_document) {
        read.modality = get_modality(&cursor);
        read.position = cursor_u8(&cursor);
        field_require(&cursor, is_part(read.modality, read.position));
    }
    field_require(&cursor, read.record.len > 0);

    *question = (struct enrolment_question){0};
    ERR_TRY(cursor_end(&cursor));
    *question = read;
    return ERR_OK;
}

static void put_record(struct buffer *target, const struct enrolment_record *record) {
    struct content content = {record->format, record->reason, record->kind, record->data};
    buffer_u8(target, (uint8_t)record->modality);
    buffer_u8(target, record->position);
    buffer_u8(target, record->quality);
    put_content(target, &content, &record->minutiae);
}

static void get_record(struct cursor *cursor, struct enrolment_record *record) {
    record->modality = get_modality(cursor);
    record->position = cursor_u8(cursor);
    record->quality = field_enum(cursor, 0, QUALITY_MAX);
    field_require(cursor, is_part(record->modality, record->position));
    struct content content = get_content(cursor, record->modality, &record->minutiae);
    record->format = content.format;
    record->reason = content.reason;
    record->kind = content.kind;
    record->data = content.data;
    field_require(cursor,
                  record->kind != SAMPLE_MINUTIAE || record->minutiae.position == record->position);
}

void sample_wire_put_enrolment(struct buffer *target, const struct enrolment *enrolment) {
    buffer_u8(target, (uint8_t)enrolment->status);
    buffer_u32(target, enrolment->line);
    buffer_u8(target, (uint8_t)enrolment->count);
    for (size_t i = 0; i < enrolment->count; i++)
        put_record(target, &enrolment->records[i]);
}

enum err sample_wire_get_enrolment(struct bytes payload, struct enrolment *enrolment) {
    struct cursor cursor = cursor_over(payload);
    memset(enrolment, 0, sizeof *enrolment);
    enrolment->status = (enum err)cursor_u8(&cursor);
    enrolment->line = cursor_u32(&cursor);
    enrolment->count = field_enum(&cursor, 0, ENROLMENT_RECORDS_MAX);
    for (size_t i = 0; i < enrolment->count && cursor.err == ERR_OK; i++)
        get_record(&cursor, &enrolment->records[i]);
    field_require(&cursor, enrolment->status == ERR_OK || enrolment->status == ERR_MALFORMED);
    field_require(&cursor, enrolment->status == ERR_OK || enrolment->count == 0);
    enum err err = cursor_end(&cursor);
    if (err == ERR_OK)
        return ERR_OK;
    secret_wipe(enrolment, sizeof *enrolment);
    enrolment->status = ERR_MALFORMED;
    return err;
}
