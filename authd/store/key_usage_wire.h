#pragma once

#include "firmware/base/bytes.h"
#include "authd/store/key_usage_report.h"

/* The report as a message: from core to provd, and on to officers. */
#define KEY_USAGE_WIRE_MAX (192u * 1024u)

void key_usage_wire_put_question(struct buffer *target, const struct key_usage_key *key);
MUST_CHECK enum err key_usage_wire_get_question(struct bytes payload, struct key_usage_key *key);

/* ${report} is NULL unless ${status} is ERR_OK. */
void key_usage_wire_put_report(struct buffer *target, enum err status,
                               const struct key_usage_report *report);
/* What is refused leaves ${report} held, with nobody in it. */
MUST_CHECK enum err key_usage_wire_get_report(struct bytes payload, enum err *status,
                                              struct key_usage_report *report);
