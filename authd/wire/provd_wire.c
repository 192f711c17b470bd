#include "authd/wire/field.h"
#include "authd/wire/provd_wire.h"

void provd_wire_put_audit(struct buffer *target, const struct provd_audit *audit) {
    buffer_text(target, audit->action);
    buffer_text(target, audit->subject);
    buffer_u32(target, audit->officer_uid);
}

enum err provd_wire_get_audit(struct bytes payload, struct provd_audit *audit) {
    struct cursor cursor = cursor_over(payload);
    struct provd_audit read = {0};
    field_line(&cursor, read.action, sizeof read.action);
    field_line(&cursor, read.subject, sizeof read.subject);
    read.officer_uid = cursor_u32(&cursor);
    field_require(&cursor, read.action[0] != '\0');

    *audit = (struct provd_audit){0};
    ERR_TRY(cursor_end(&cursor));
    *audit = read;
    return ERR_OK;
}

void provd_wire_put_audited(struct buffer *target, enum err status) {
    buffer_u8(target, (uint8_t)status);
}

enum err provd_wire_get_audited(struct bytes payload, enum err *status) {
    struct cursor cursor = cursor_over(payload);
    enum err read = field_enum(&cursor, ERR_OK, ERR_SYSTEM);

    *status = ERR_UNAVAILABLE;
    ERR_TRY(cursor_end(&cursor));
    *status = read;
    return ERR_OK;
}

void provd_wire_put_changed(struct buffer *target, uint64_t sequence) {
    buffer_u64(target, sequence);
}

enum err provd_wire_get_changed(struct bytes payload, uint64_t *sequence) {
    struct cursor cursor = cursor_over(payload);
    *sequence = cursor_u64(&cursor);
    return cursor_end(&cursor);
}

void provd_wire_put_root(struct buffer *target, uint16_t generation) {
    buffer_u16(target, generation);
}

enum err provd_wire_get_root(struct bytes payload, uint16_t *generation) {
    struct cursor cursor = cursor_over(payload);
    *generation = cursor_u16(&cursor);
    return cursor_end(&cursor);
}

void provd_wire_put_root_is(struct buffer *target, bool is_open) {
    buffer_bool(target, is_open);
}

enum err provd_wire_get_root_is(struct bytes payload, bool *is_open) {
    struct cursor cursor = cursor_over(payload);
    *is_open = cursor_bool(&cursor);
    if (cursor_end(&cursor) == ERR_OK)
        return ERR_OK;
    *is_open = false;
    return cursor.err != ERR_OK ? cursor.err : ERR_MALFORMED;
}
