#include <string.h>

#include "authd/wire/field.h"
#include "authd/wire/plugin_wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define MODALITIES      3
#define QUALITY_MAX     100
#define PARTS_FINGER    10
#define PARTS_IRIS      2

bool plugin_wire_is_image(enum biometric_format format) {
    return format >= BIOMETRIC_ISO_19794_4_2005 && format <= BIOMETRIC_ISO_19794_6_2011;
}

void plugin_wire_put_hello(struct buffer *target, const struct plugin_hello *hello) {
    buffer_text(target, hello->name);
    for (size_t i = 0; i < COUNT_OF(hello->modalities); i++)
        buffer_bool(target, hello->modalities[i]);
}

enum err plugin_wire_get_hello(struct bytes payload, struct plugin_hello *hello) {
    struct cursor cursor = cursor_over(payload);
    bool any = false;
    field_line(&cursor, hello->name, sizeof hello->name);
    for (size_t i = 0; i < COUNT_OF(hello->modalities); i++) {
        hello->modalities[i] = cursor_bool(&cursor);
        any = any || hello->modalities[i];
    }
    field_require(&cursor, field_is_visible(hello->name) && any);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *hello = (struct plugin_hello){0};
    return err;
}

static void put_record(struct buffer *target, const struct plugin_record *record) {
    buffer_u8(target, (uint8_t)record->modality);
    buffer_u8(target, record->position);
    buffer_u8(target, (uint8_t)record->format);
    buffer_block(target, record->data);
}

static struct plugin_record get_record(struct cursor *cursor, size_t size_max) {
    static const uint8_t positions[MODALITIES] = {
        [BIOMETRIC_FINGER] = PARTS_FINGER, [BIOMETRIC_IRIS] = PARTS_IRIS};
    struct plugin_record record = {
        .modality = (enum biometric_modality)field_enum(cursor, BIOMETRIC_FINGER, BIOMETRIC_FACE)};
    record.position = field_enum(cursor, 0, positions[record.modality]);
    record.format = (enum biometric_format)field_enum(cursor, 0, BIOMETRIC_FORMATS - 1);
    record.data = cursor_block(cursor, size_max);
    field_require(cursor, record.data.len > 0);
    return record;
}

static struct plugin_record get_image(struct cursor *cursor) {
    struct plugin_record record = get_record(cursor, FRAME_PAYLOAD_MAX);
    field_require(cursor, plugin_wire_is_image(record.format) &&
                              biometric_wire_modality(record.format) == record.modality);
    return record;
}

static struct plugin_record get_template(struct cursor *cursor) {
    struct plugin_record record = get_record(cursor, PLUGIN_TEMPLATE_MAX);
    field_require(cursor, record.format == BIOMETRIC_FORMAT_UNKNOWN);
    return record;
}

void plugin_wire_put_extract(struct buffer *target, const struct plugin_extract *question) {
    put_record(target, &question->record);
}

enum err plugin_wire_get_extract(struct bytes payload, struct plugin_extract *question) {
    struct cursor cursor = cursor_over(payload);
    question->record = get_image(&cursor);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *question = (struct plugin_extract){0};
    return err;
}

void plugin_wire_put_extracted(struct buffer *target, const struct plugin_extracted *answer) {
    buffer_u8(target, (uint8_t)answer->status);
    buffer_u8(target, answer->quality);
    buffer_block(target, answer->template);
}

static bool extracted_agrees(const struct plugin_extracted *answer) {
    if (answer->status == ERR_OK)
        return answer->template.len > 0;
    bool is_refusal = answer->status == ERR_DENIED || answer->status == ERR_UNAVAILABLE;
    return is_refusal && answer->quality == 0 && answer->template.len == 0;
}

enum err plugin_wire_get_extracted(struct bytes payload, struct plugin_extracted *answer) {
    struct cursor cursor = cursor_over(payload);
    answer->status = (enum err)cursor_u8(&cursor);
    answer->quality = field_enum(&cursor, 0, QUALITY_MAX);
    answer->template = cursor_block(&cursor, PLUGIN_TEMPLATE_MAX);
    field_require(&cursor, extracted_agrees(answer));
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *answer = (struct plugin_extracted){.status = ERR_UNAVAILABLE};
    return err;
}

void plugin_wire_put_compare(struct buffer *target, const struct plugin_compare *question) {
    buffer_u8(target, (uint8_t)question->presented_count);
    buffer_u8(target, (uint8_t)question->enrolled_count);
    for (size_t i = 0; i < question->presented_count; i++)
        put_record(target, &question->presented[i]);
    for (size_t i = 0; i < question->enrolled_count; i++)
        put_record(target, &question->enrolled[i]);
}

static bool is_of_one_modality(const struct plugin_compare *question) {
    enum biometric_modality modality = question->presented[0].modality;
    bool is = true;
    for (size_t i = 0; i < question->presented_count; i++)
        is = is && question->presented[i].modality == modality;
    for (size_t i = 0; i < question->enrolled_count; i++)
        is = is && question->enrolled[i].modality == modality;
    return is;
}

enum err plugin_wire_get_compare(struct bytes payload, struct plugin_compare *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct plugin_compare){
        .presented_count = field_enum(&cursor, 1, PLUGIN_PRESENTED_MAX),
        .enrolled_count = field_enum(&cursor, 1, PLUGIN_ENROLLED_MAX),
    };
    for (size_t i = 0; i < question->presented_count; i++)
        question->presented[i] = get_image(&cursor);
    for (size_t i = 0; i < question->enrolled_count; i++)
        question->enrolled[i] = get_template(&cursor);
    field_require(&cursor, is_of_one_modality(question));
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *question = (struct plugin_compare){0};
    return err;
}

void plugin_wire_put_compared(struct buffer *target, const struct plugin_compared *answer) {
    buffer_u8(target, (uint8_t)answer->status);
    buffer_u8(target, (uint8_t)answer->presented_count);
    buffer_u8(target, (uint8_t)answer->enrolled_count);
    for (size_t i = 0; i < answer->presented_count; i++)
        for (size_t j = 0; j < answer->enrolled_count; j++)
            buffer_u32(target, answer->scores[i][j]);
}

static bool compared_agrees(const struct plugin_compared *answer) {
    bool any = answer->presented_count > 0 && answer->enrolled_count > 0;
    bool none = answer->presented_count == 0 && answer->enrolled_count == 0;
    return answer->status == ERR_OK ? any : answer->status == ERR_UNAVAILABLE && none;
}

enum err plugin_wire_get_compared(struct bytes payload, struct plugin_compared *answer) {
    struct cursor cursor = cursor_over(payload);
    *answer = (struct plugin_compared){.status = (enum err)cursor_u8(&cursor)};
    answer->presented_count = field_enum(&cursor, 0, PLUGIN_PRESENTED_MAX);
    answer->enrolled_count = field_enum(&cursor, 0, PLUGIN_ENROLLED_MAX);
    field_require(&cursor, compared_agrees(answer));
    for (size_t i = 0; i < answer->presented_count; i++)
        for (size_t j = 0; j < answer->enrolled_count; j++) {
            answer->scores[i][j] = cursor_u32(&cursor);
            field_require(&cursor, answer->scores[i][j] <= FINGER_SCORE_MAX);
        }
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        *answer = (struct plugin_compared){.status = ERR_UNAVAILABLE};
    return err;
}
