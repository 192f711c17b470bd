#include "authd/wire/field.h"
#include "provisioning/officer_wire_outcome.h"
#include "provisioning/officer_wire_trust.h"

void officer_wire_put_trust(struct buffer *target, const struct officer_trust *question) {
    buffer_text(target, question->domain);
    buffer_block(target, question->certificate);
}

enum err officer_wire_get_trust(struct bytes payload, struct officer_trust *question) {
    *question = (struct officer_trust){0};
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, question->domain, sizeof question->domain);
    question->certificate = cursor_block(&cursor, OFFICER_CERTIFICATE_MAX);
    return cursor_end(&cursor);
}

void officer_wire_put_trust_remove(struct buffer *target,
                                   const struct officer_trust_remove *question) {
    buffer_text(target, question->domain);
    buffer_raw(target, question->thumbprint, sizeof question->thumbprint);
    buffer_bool(target, question->dry_run);
}

enum err officer_wire_get_trust_remove(struct bytes payload,
                                       struct officer_trust_remove *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_trust_remove){0};
    cursor_text(&cursor, question->domain, sizeof question->domain);
    cursor_copy(&cursor, question->thumbprint, sizeof question->thumbprint);
    question->dry_run = cursor_bool(&cursor);
    return cursor_end(&cursor);
}

void officer_wire_put_trust_question(struct buffer *target,
                                     const struct officer_trust_question *question) {
    buffer_text(target, question->domain);
}

enum err officer_wire_get_trust_question(struct bytes payload,
                                         struct officer_trust_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_trust_question){0};
    cursor_text(&cursor, question->domain, sizeof question->domain);
    return cursor_end(&cursor);
}

void officer_wire_put_anchors(struct buffer *target, const struct officer_anchors *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    if (answer->outcome.status != ERR_OK)
        return;
    buffer_u16(target, (uint16_t)answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        const struct officer_anchor *anchor = &answer->of[i];
        buffer_text(target, anchor->domain);
        buffer_raw(target, anchor->thumbprint, sizeof anchor->thumbprint);
        buffer_i64(target, anchor->not_after_ms);
        buffer_text(target, anchor->subject);
    }
}

static void get_rest(struct cursor *cursor, struct officer_anchors *answer) {
    size_t count = cursor_u16(cursor);
    field_require(cursor, count <= OFFICER_ANCHORS_MAX);
    for (size_t i = 0; i < count && cursor->err == ERR_OK; i++) {
        struct officer_anchor *anchor = &answer->of[i];
        field_line(cursor, anchor->domain, sizeof anchor->domain);
        cursor_copy(cursor, anchor->thumbprint, sizeof anchor->thumbprint);
        anchor->not_after_ms = cursor_i64(cursor);
        field_line(cursor, anchor->subject, sizeof anchor->subject);
    }
    answer->count = cursor->err == ERR_OK ? count : 0;
}

enum err officer_wire_get_anchors(struct bytes payload, struct officer_anchors *answer) {
    struct cursor cursor = cursor_over(payload);
    *answer = (struct officer_anchors){.outcome.status = ERR_UNAVAILABLE};
    struct officer_outcome told;
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    if (told.status == ERR_OK)
        get_rest(&cursor, answer);
    ERR_TRY(cursor_end(&cursor));
    answer->outcome = told;
    return ERR_OK;
}
