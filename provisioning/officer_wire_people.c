#include <stdio.h>
#include <string.h>

#include "authd/wire/biometric_name.h"
#include "authd/wire/field.h"
#include "provisioning/officer_wire.h"

/* People and their biometric records, on their way from officers to provd. */
#define LENGTH_BYTES 4

static void put_vid(struct buffer *target, const struct officer_vid *vid) {
    buffer_text(target, vid->vid);
    buffer_u8(target, (uint8_t)vid->type);
    buffer_bool(target, vid->revoked);
    buffer_i64(target, vid->expires_ms);
    buffer_u32(target, vid->uses);
}

static void take_vid(struct cursor *cursor, struct officer_vid *vid) {
    cursor_text(cursor, vid->vid, sizeof vid->vid);
    vid->type = (enum alias_type)field_enum(cursor, ALIAS_PERPETUAL, ALIAS_ONE_TIME);
    vid->revoked = cursor_bool(cursor);
    vid->expires_ms = cursor_i64(cursor);
    vid->uses = cursor_u32(cursor);
}

/* All but the records. */
static void put_person(struct buffer *target, const struct officer_person *person) {
    const struct identity *identity = &person->identity;
    buffer_text(target, identity->uin);
    buffer_bool(target, identity->deactivated);
    buffer_i64(target, identity->expires_ms);
    buffer_u32(target, identity->locks);
    buffer_u16(target, (uint16_t)identity->birth_year);
    buffer_u8(target, identity->birth_month);
    buffer_u8(target, identity->birth_day);
    buffer_text(target, identity->phone);
    buffer_text(target, identity->email);
    buffer_text(target, identity->language);
    buffer_u16(target, (uint16_t)identity->attribute_count);
    for (size_t i = 0; i < identity->attribute_count; i++) {
        buffer_block(target, identity->attributes[i].name);
        buffer_text(target, identity->attributes[i].language);
        buffer_block(target, identity->attributes[i].value);
    }
    buffer_block(target, person->photo);
    buffer_bool(target, person->hotlisted);
    buffer_i64(target, person->hotlisted_until_ms);
    buffer_u16(target, (uint16_t)person->vid_count);
    for (size_t i = 0; i < person->vid_count; i++)
        put_vid(target, &person->vids[i]);
}

static void take_identity(struct cursor *cursor, struct identity *identity) {
    cursor_text(cursor, identity->uin, sizeof identity->uin);
    identity->deactivated = cursor_bool(cursor);
    identity->expires_ms = cursor_i64(cursor);
    identity->locks = cursor_u32(cursor);
    identity->birth_year = (int16_t)cursor_u16(cursor);
    identity->birth_month = cursor_u8(cursor);
    identity->birth_day = cursor_u8(cursor);
    cursor_text(cursor, identity->phone, sizeof identity->phone);
    cursor_text(cursor, identity->email, sizeof identity->email);
    cursor_text(cursor, identity->language, sizeof identity->language);
    identity->attribute_count = field_count(cursor, IDENTITY_ATTRIBUTES_MAX);
    for (size_t i = 0; i < identity->attribute_count; i++) {
        struct identity_attribute *attribute = &identity->attributes[i];
        attribute->name = cursor_block(cursor, IDENTITY_PLAIN_MAX);
        cursor_text(cursor, attribute->language, sizeof attribute->language);
        attribute->value = cursor_block(cursor, IDENTITY_PLAIN_MAX);
    }
}

/* ---- biometric records ---- */

/* ERR_OK: ${part} is a part of what ${capture} is captured of. */
static enum err find_part(const char *capture, const char *part, enum biometric_modality *modality,
                          uint8_t *position) {
    static struct biometric_segment segment;
    segment.capture_text.presence = segment.part_text.presence = FIELD_PRESENT;
    (void)snprintf(segment.capture_text.text, sizeof segment.capture_text.text, "%s", capture);
    (void)snprintf(segment.part_text.text, sizeof segment.part_text.text, "%s", part);
    biometric_name_classify(&segment);
    *modality = biometric_name_modality(segment.capture);
    *position = segment.position;
    return segment.part == BIOMETRIC_PART_KNOWN ? ERR_OK : ERR_NOT_FOUND;
}

enum err officer_wire_part(const char *part, enum biometric_modality *modality, uint8_t *position) {
    *modality = BIOMETRIC_FACE;
    *position = 0;
    if (strcmp(part, "Face") == 0 || find_part("Finger", part, modality, position) == ERR_OK)
        return ERR_OK;
    return find_part("Iris", part, modality, position);
}

void officer_wire_put_record(struct buffer *records, const struct officer_record *record) {
    buffer_text(records, record->part);
    buffer_block(records, record->data);
}

/* A part of the body, or none: of a document. */
static bool is_place(const char *part) {
    enum biometric_modality modality;
    uint8_t position;
    return part[0] == '\0' || officer_wire_part(part, &modality, &position) == ERR_OK;
}

enum err officer_wire_take_record(struct cursor *records, struct officer_record *record) {
    *record = (struct officer_record){0};
    cursor_text(records, record->part, sizeof record->part);
    record->data = cursor_block(records, OFFICER_RECORD_BYTES);
    field_require(records, record->data.len > 0 && is_place(record->part));
    if (records->err != ERR_OK)
        *record = (struct officer_record){0};
    return records->err;
}

/* Recognised whole before any of it is used. */
static void take_records(struct cursor *cursor, struct officer_person *person) {
    person->records = cursor_block(cursor, OFFICER_RECORD_BYTES);
    struct cursor records = cursor_over(person->records);
    struct officer_record record;
    size_t count = 0;
    while (records.left > 0 && officer_wire_take_record(&records, &record) == ERR_OK)
        count++;
    field_require(cursor, records.err == ERR_OK && count <= OFFICER_RECORDS_MAX);
}

/* ---- the list ---- */

static void put_length(struct buffer *people, size_t start) {
    struct buffer length = buffer_over(people->data + start, LENGTH_BYTES);
    buffer_u32(&length, (uint32_t)(people->len - start - LENGTH_BYTES));
}

enum err officer_wire_add_person(struct buffer *people, const struct officer_person *person) {
    size_t start = people->len;
    struct buffer grown = *people;
    buffer_u32(&grown, 0);
    put_person(&grown, person);
    bool too_large = grown.len - start > LENGTH_BYTES + OFFICER_PERSON_MAX ||
                     person->records.len > OFFICER_RECORD_BYTES;
    buffer_block(&grown, person->records);
    if (grown.err == ERR_OK && !too_large) {
        put_length(&grown, start);
        *people = grown;
        return ERR_OK;
    }
    secret_wipe(people->data + start, grown.len - start);
    return too_large ? ERR_TOO_LARGE : grown.err;
}

enum err officer_wire_take_person(struct cursor *people, struct officer_person *person) {
    *person = (struct officer_person){0};
    struct bytes encoded = cursor_block(people, FRAME_PAYLOAD_MAX);
    ERR_TRY(people->err);
    struct cursor cursor = cursor_over(encoded);
    take_identity(&cursor, &person->identity);
    person->photo = cursor_block(&cursor, PHOTO_BYTES_MAX);
    person->hotlisted = cursor_bool(&cursor);
    person->hotlisted_until_ms = cursor_i64(&cursor);
    person->vid_count = field_count(&cursor, OFFICER_VIDS_MAX);
    for (size_t i = 0; i < person->vid_count; i++)
        take_vid(&cursor, &person->vids[i]);
    take_records(&cursor, person);
    people->err = cursor_end(&cursor);
    return people->err;
}

void officer_wire_put_hotlist_vid(struct buffer *target,
                                  const struct officer_hotlist_vid *question) {
    buffer_text(target, question->vid);
    buffer_bool(target, question->blocked);
    buffer_i64(target, question->until_ms);
}

enum err officer_wire_get_hotlist_vid(struct bytes payload, struct officer_hotlist_vid *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_hotlist_vid){0};
    cursor_text(&cursor, question->vid, sizeof question->vid);
    question->blocked = cursor_bool(&cursor);
    question->until_ms = cursor_i64(&cursor);
    return cursor_end(&cursor);
}
