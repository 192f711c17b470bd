#include "authd/wire/field.h"
#include "provisioning/officer_wire_certificate.h"
#include "provisioning/officer_wire_outcome.h"

void officer_wire_put_certificate(struct buffer *target,
                                  const struct officer_certificate *question) {
    buffer_u8(target, (uint8_t)question->use);
    buffer_text(target, question->id);
    buffer_text(target, question->name);
    buffer_u16(target, question->days);
    buffer_bool(target, question->replace);
    buffer_bool(target, question->dry_run);
    buffer_block(target, question->request);
}

enum err officer_wire_get_certificate(struct bytes payload, struct officer_certificate *question) {
    *question = (struct officer_certificate){.use = OFFICER_CERTIFICATE_MOSIP};
    struct cursor cursor = cursor_over(payload);
    question->use = (enum officer_certificate_use)field_enum(&cursor, OFFICER_CERTIFICATE_MOSIP,
                                                             OFFICER_CERTIFICATE_DEVICE);
    cursor_text(&cursor, question->id, sizeof question->id);
    cursor_text(&cursor, question->name, sizeof question->name);
    question->days = cursor_u16(&cursor);
    question->replace = cursor_bool(&cursor);
    question->dry_run = cursor_bool(&cursor);
    question->request = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

void officer_wire_put_issued(struct buffer *target, const struct officer_issued *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    if (answer->outcome.status != ERR_OK)
        return;
    buffer_bool(target, answer->dry_run);
    buffer_bool(target, answer->registered);
    buffer_bool(target, answer->replaced);
    buffer_bool(target, answer->anchored);
    buffer_text(target, answer->domain);
    buffer_i64(target, answer->not_after_ms);
    buffer_block(target, answer->certificate);
    buffer_block(target, answer->authority);
}

static void get_rest(struct cursor *cursor, struct officer_issued *answer) {
    answer->dry_run = cursor_bool(cursor);
    answer->registered = cursor_bool(cursor);
    answer->replaced = cursor_bool(cursor);
    answer->anchored = cursor_bool(cursor);
    field_line(cursor, answer->domain, sizeof answer->domain);
    answer->not_after_ms = cursor_i64(cursor);
    answer->certificate = cursor_block(cursor, OFFICER_CERTIFICATE_DER_MAX);
    answer->authority = cursor_block(cursor, OFFICER_CERTIFICATE_DER_MAX);
    field_require(cursor, (answer->certificate.len > 0) == !answer->dry_run &&
                              (answer->authority.len > 0) == !answer->dry_run);
    field_require(cursor, answer->registered || !answer->replaced);
    field_require(cursor, !answer->anchored || answer->domain[0] != '\0');
}

enum err officer_wire_get_issued(struct bytes payload, struct officer_issued *answer) {
    *answer = (struct officer_issued){.outcome.status = ERR_UNAVAILABLE};
    struct officer_issued got = {0};
    struct cursor cursor = cursor_over(payload);
    ERR_TRY(officer_wire_outcome_take(&cursor, &got.outcome));
    if (got.outcome.status == ERR_OK)
        get_rest(&cursor, &got);
    ERR_TRY(cursor_end(&cursor));
    *answer = got;
    return ERR_OK;
}
