#include "authd/match/false_match_table.h"
#include "authd/wire/field.h"
#include "provisioning/officer_wire.h"

/* Programmes and what they may do, on their way from officers to provd. */

static enum programme_status take_status(struct cursor *cursor) {
    return field_enum(cursor, STATUS_ACTIVE, STATUS_DELETED);
}

void officer_wire_put_partner(struct buffer *target, const struct officer_partner *question) {
    buffer_text(target, question->id);
    buffer_text(target, question->name);
    buffer_u8(target, (uint8_t)question->status);
    buffer_block(target, question->certificate);
}

enum err officer_wire_get_partner(struct bytes payload, struct officer_partner *question) {
    *question = (struct officer_partner){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->name, sizeof question->name);
    question->status = take_status(&cursor);
    question->certificate = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

void officer_wire_put_partner_status(struct buffer *target,
                                     const struct officer_partner_status *question) {
    buffer_text(target, question->id);
    buffer_u8(target, (uint8_t)question->status);
}

enum err officer_wire_get_partner_status(struct bytes payload,
                                         struct officer_partner_status *question) {
    *question = (struct officer_partner_status){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    question->status = take_status(&cursor);
    return cursor_end(&cursor);
}

static void put_biometrics(struct buffer *target, const struct policy_biometrics *biometrics) {
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        buffer_u64(target, biometrics->rate[i]);
        buffer_u8(target, biometrics->presented[i]);
    }
    buffer_u64(target, biometrics->ceiling);
    buffer_bool(target, biometrics->names_factors);
    buffer_bool(target, biometrics->any_position);
}

static uint64_t take_probability(struct cursor *cursor) {
    uint64_t value = cursor_u64(cursor);
    if (cursor->err == ERR_OK && value > FALSE_MATCH_CERTAIN)
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? value : 0;
}

static void take_biometrics(struct cursor *cursor, struct policy_biometrics *biometrics) {
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        biometrics->rate[i] = take_probability(cursor);
        biometrics->presented[i] = cursor_u8(cursor);
    }
    biometrics->ceiling = take_probability(cursor);
    biometrics->names_factors = cursor_bool(cursor);
    biometrics->any_position = cursor_bool(cursor);
}

void officer_wire_put_policy(struct buffer *target, const struct policy *question) {
    buffer_text(target, question->id);
    buffer_text(target, question->name);
    buffer_u8(target, (uint8_t)question->status);
    buffer_i64(target, question->commences_ms);
    buffer_i64(target, question->expires_ms);
    buffer_u32(target, question->allowed);
    buffer_u32(target, question->mandatory);
    buffer_u8(target, (uint8_t)question->token_type);
    buffer_bool(target, question->uniform);
    buffer_bool(target, question->tells_person);
    buffer_u32(target, question->failures_an_hour);
    buffer_u16(target, (uint16_t)question->attribute_count);
    for (size_t i = 0; i < question->attribute_count; i++) {
        buffer_text(target, question->attributes[i].name);
        buffer_bool(target, question->attributes[i].masked);
    }
    buffer_u16(target, (uint16_t)question->language_count);
    for (size_t i = 0; i < question->language_count; i++)
        buffer_text(target, question->languages[i]);
    buffer_bool(target, question->unsigned_requests);
    put_biometrics(target, &question->biometrics);
}

enum err officer_wire_get_policy(struct bytes payload, struct policy *question) {
    *question = (struct policy){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->name, sizeof question->name);
    question->status = take_status(&cursor);
    question->commences_ms = cursor_i64(&cursor);
    question->expires_ms = cursor_i64(&cursor);
    question->allowed = cursor_u32(&cursor);
    question->mandatory = cursor_u32(&cursor);
    question->token_type = field_enum(&cursor, AUTH_TOKEN_RANDOM, AUTH_TOKEN_POLICY);
    question->uniform = cursor_bool(&cursor);
    question->tells_person = cursor_bool(&cursor);
    question->failures_an_hour = cursor_u32(&cursor);
    question->attribute_count = field_count(&cursor, POLICY_ATTRIBUTES_MAX);
    for (size_t i = 0; i < question->attribute_count; i++) {
        struct policy_attribute *attribute = &question->attributes[i];
        cursor_text(&cursor, attribute->name, sizeof attribute->name);
        attribute->masked = cursor_bool(&cursor);
    }
    size_t most_languages = sizeof question->languages / sizeof *question->languages;
    question->language_count = field_count(&cursor, most_languages);
    for (size_t i = 0; i < question->language_count; i++)
        cursor_text(&cursor, question->languages[i], sizeof question->languages[i]);
    question->unsigned_requests = cursor_bool(&cursor);
    take_biometrics(&cursor, &question->biometrics);
    return cursor_end(&cursor);
}

void officer_wire_put_api_key(struct buffer *target, const struct officer_api_key *question) {
    buffer_text(target, question->row.partner_id);
    buffer_text(target, question->row.policy_id);
    buffer_u8(target, (uint8_t)question->row.status);
    buffer_i64(target, question->row.commences_ms);
    buffer_i64(target, question->row.expires_ms);
    buffer_block(target, question->key);
}

enum err officer_wire_get_api_key(struct bytes payload, struct officer_api_key *question) {
    *question = (struct officer_api_key){0};
    struct cursor cursor = cursor_over(payload);
    struct api_key *row = &question->row;
    cursor_text(&cursor, row->partner_id, sizeof row->partner_id);
    cursor_text(&cursor, row->policy_id, sizeof row->policy_id);
    row->status = take_status(&cursor);
    row->commences_ms = cursor_i64(&cursor);
    row->expires_ms = cursor_i64(&cursor);
    question->key = cursor_block(&cursor, OFFICER_KEY_SIZE - 1);
    return cursor_end(&cursor);
}

void officer_wire_put_misp(struct buffer *target, const struct officer_misp *question) {
    buffer_text(target, question->row.id);
    buffer_u8(target, (uint8_t)question->row.status);
    buffer_i64(target, question->row.commences_ms);
    buffer_i64(target, question->row.expires_ms);
    buffer_block(target, question->licence_key);
}

enum err officer_wire_get_misp(struct bytes payload, struct officer_misp *question) {
    *question = (struct officer_misp){0};
    struct cursor cursor = cursor_over(payload);
    struct misp *row = &question->row;
    cursor_text(&cursor, row->id, sizeof row->id);
    row->status = take_status(&cursor);
    row->commences_ms = cursor_i64(&cursor);
    row->expires_ms = cursor_i64(&cursor);
    question->licence_key = cursor_block(&cursor, OFFICER_KEY_SIZE - 1);
    return cursor_end(&cursor);
}

void officer_wire_put_hotlist(struct buffer *target, const struct officer_hotlist *question) {
    buffer_u8(target, (uint8_t)question->kind);
    buffer_text(target, question->id);
    buffer_bool(target, question->blocked);
    buffer_i64(target, question->until_ms);
}

enum err officer_wire_get_hotlist(struct bytes payload, struct officer_hotlist *question) {
    *question = (struct officer_hotlist){0};
    struct cursor cursor = cursor_over(payload);
    question->kind = field_enum(&cursor, HOTLIST_PARTNER, HOTLIST_DEVICE_PROVIDER);
    cursor_text(&cursor, question->id, sizeof question->id);
    question->blocked = cursor_bool(&cursor);
    question->until_ms = cursor_i64(&cursor);
    return cursor_end(&cursor);
}
