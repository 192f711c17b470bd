#include <string.h>

#include "authd/wire/biometric_name.h"
#include "authd/wire/biometric_time.h"
#include "authd/wire/field.h"
#include "authd/wire/member_wire.h"
#include "authd/wire/sample_wire.h"

#define HASH_BYTES     32
#define COUNT_OF(list) (sizeof(list) / sizeof *(list))
#define TEXT(member, size)                                                                         \
    { offsetof(struct biometric_segment, member), size }

/* The texts of a segment, each with the size it was read for: of the element, of its data when that
 * is JSON, and of the digital id when that is. */
struct text_place {
    size_t offset, size;
};
static const struct text_place data_texts[] = {
    TEXT(device_code, BIOMETRIC_NAME_SIZE),
    TEXT(service_version, BIOMETRIC_NAME_SIZE),
    TEXT(transaction_id, UNSEAL_TRANSACTION_SIZE),
    TEXT(purpose, UNSEAL_TYPE_SIZE),
    TEXT(env, UNSEAL_ENV_SIZE),
    TEXT(domain_uri, UNSEAL_DOMAIN_SIZE),
    TEXT(version, UNSEAL_VERSION_SIZE),
    TEXT(time.text, UNSEAL_TIME_SIZE),
    TEXT(capture_text, UNSEAL_TYPE_SIZE),
    TEXT(part_text, UNSEAL_ID_SIZE),
};
static const struct text_place device_texts[] = {
    TEXT(device.serial_number, BIOMETRIC_NAME_SIZE), TEXT(device.make, BIOMETRIC_NAME_SIZE),
    TEXT(device.model, BIOMETRIC_NAME_SIZE),         TEXT(device.type, BIOMETRIC_NAME_SIZE),
    TEXT(device.sub_type, BIOMETRIC_NAME_SIZE),      TEXT(device.provider, BIOMETRIC_NAME_SIZE),
    TEXT(device.provider_id, BIOMETRIC_NAME_SIZE),   TEXT(device.time.text, UNSEAL_TIME_SIZE),
};

static void put_texts(struct buffer *target, const struct biometric_segment *segment,
                      const struct text_place *places, size_t count) {
    for (size_t i = 0; i < count; i++)
        member_wire_put_text(target,
                             (const struct text_field *)((const char *)segment + places[i].offset));
}

static void get_texts(struct cursor *cursor, struct biometric_segment *segment,
                      const struct text_place *places, size_t count) {
    for (size_t i = 0; i < count; i++)
        member_wire_get_text(cursor, (struct text_field *)((char *)segment + places[i].offset),
                             places[i].size);
}

static void put_signed(struct buffer *target, const struct biometric_signed *jws) {
    buffer_u8(target, (uint8_t)jws->presence);
    buffer_u8(target, (uint8_t)jws->shape);
    buffer_bool(target, jws->is_json);
}

static void get_signed(struct cursor *cursor, struct biometric_signed *jws) {
    jws->presence = (enum field_presence)field_enum(cursor, FIELD_ABSENT, FIELD_PRESENT);
    jws->shape = (enum jws_shape)field_enum(cursor, JWS_ABSENT, JWS_READ);
    jws->is_json = cursor_bool(cursor);
    field_require(cursor, (jws->presence == FIELD_PRESENT) == (jws->shape != JWS_ABSENT));
    field_require(cursor, jws->shape == JWS_READ || !jws->is_json);
}

/* The value stays behind: one byte stands for it. */
static void put_value(struct buffer *target, const struct blob_field *value) {
    struct blob_field field = *value;
    if (field.data.len > 0)
        field.data = bytes_of(field.data.data, 0);
    member_wire_put_blob(target, &field);
}

static void get_value(struct cursor *cursor, struct blob_field *value) {
    static const uint8_t stand_in;
    member_wire_get_blob(cursor, value);
    field_require(cursor, value->data.len == 0);
    value->data = bytes_of(&stand_in, member_wire_is_filled(value) ? sizeof stand_in : 0);
}

static void put_segment(struct buffer *target, const struct biometric_segment *segment) {
    member_wire_put_text(target, &segment->spec_version);
    member_wire_put_blob(target, &segment->hash);
    member_wire_put_blob(target, &segment->session_key);
    member_wire_put_blob(target, &segment->thumbprint);
    put_signed(target, &segment->data);
    if (!segment->data.is_json)
        return;
    put_texts(target, segment, data_texts, COUNT_OF(data_texts));
    put_value(target, &segment->bio_value);
    put_signed(target, &segment->device.jws);
    if (segment->device.jws.is_json)
        put_texts(target, segment, device_texts, COUNT_OF(device_texts));
}

static void get_data(struct cursor *cursor, struct biometric_segment *segment) {
    get_texts(cursor, segment, data_texts, COUNT_OF(data_texts));
    get_value(cursor, &segment->bio_value);
    get_signed(cursor, &segment->device.jws);
    if (segment->device.jws.is_json)
        get_texts(cursor, segment, device_texts, COUNT_OF(device_texts));
}

/* What follows from the texts is not taken from the message. */
static void get_segment(struct cursor *cursor, struct biometric_segment *segment) {
    member_wire_get_text(cursor, &segment->spec_version, UNSEAL_VERSION_SIZE);
    member_wire_get_blob(cursor, &segment->hash);
    member_wire_get_blob(cursor, &segment->session_key);
    member_wire_get_blob(cursor, &segment->thumbprint);
    field_require(cursor, member_wire_has_length(&segment->hash, HASH_BYTES, HASH_BYTES));
    field_require(cursor, member_wire_has_length(&segment->session_key, BIOMETRIC_KEY_BYTES,
                                                 BIOMETRIC_KEY_MAX));
    field_require(cursor, member_wire_has_length(&segment->thumbprint, HASH_BYTES, HASH_BYTES));
    get_signed(cursor, &segment->data);
    if (segment->data.is_json)
        get_data(cursor, segment);
    biometric_name_classify(segment);
    biometric_time_parse(&segment->time);
    biometric_time_parse(&segment->device.time);
}

void sample_wire_put_segments(struct buffer *target, const struct biometric_segments *segments) {
    buffer_bool(target, segments->malformed);
    buffer_bool(target, segments->too_many);
    buffer_u8(target, (uint8_t)segments->count);
    for (size_t i = 0; i < segments->count; i++)
        put_segment(target, &segments->segments[i]);
}

enum err sample_wire_get_segments(struct bytes block, struct biometric_segments *segments) {
    struct cursor cursor = cursor_over(block);
    memset(segments, 0, sizeof *segments);
    segments->malformed = cursor_bool(&cursor);
    segments->too_many = cursor_bool(&cursor);
    segments->count = field_enum(&cursor, 0, BIOMETRIC_SEGMENTS_MAX);
    for (size_t i = 0; i < segments->count && cursor.err == ERR_OK; i++)
        get_segment(&cursor, &segments->segments[i]);
    field_require(&cursor, segments->malformed != (segments->count > 0));
    field_require(&cursor, !segments->too_many || segments->count == BIOMETRIC_SEGMENTS_MAX);
    enum err err = cursor_end(&cursor);
    if (err == ERR_OK)
        return ERR_OK;
    memset(segments, 0, sizeof *segments);
    segments->malformed = true;
    return err;
}
