#include <string.h>

#include "authd/store/key_usage_wire.h"
#include "authd/wire/field.h"
#include "provisioning/officer_wire_outcome.h"
#include "provisioning/officer_wire_usage.h"

void officer_wire_usage_put_question(struct buffer *target,
                                     const struct officer_usage_question *question) {
    buffer_text(target, question->purpose);
    buffer_u16(target, question->generation);
}

enum err officer_wire_usage_get_question(struct bytes payload,
                                         struct officer_usage_question *question) {
    struct cursor cursor = cursor_over(payload);
    *question = (struct officer_usage_question){0};
    field_line(&cursor, question->purpose, sizeof question->purpose);
    question->generation = cursor_u16(&cursor);
    field_require(&cursor, question->generation != 0);
    return cursor_end(&cursor);
}

/* The outcome, as a block, and the report, which a refusal has none of. */
void officer_wire_usage_put(struct buffer *target, const struct officer_usage *answer) {
    officer_wire_outcome_put(target, &answer->outcome);
    key_usage_wire_put_report(target, answer->outcome.status, &answer->report);
}

enum err officer_wire_usage_get(struct bytes payload, struct officer_usage *answer) {
    struct cursor cursor = cursor_over(payload);
    struct officer_outcome told;
    enum err status;
    memset(answer, 0, sizeof *answer);
    answer->outcome.status = ERR_UNAVAILABLE;
    ERR_TRY(officer_wire_outcome_take(&cursor, &told));
    struct bytes report = cursor_take(&cursor, cursor.left);
    ERR_TRY(cursor_end(&cursor));
    ERR_TRY(key_usage_wire_get_report(report, &status, &answer->report));
    if (status != told.status)
        return ERR_MALFORMED;
    answer->outcome = told;
    return ERR_OK;
}
