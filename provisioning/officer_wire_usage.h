#pragma once

#include "authd/store/key_usage_report.h"
#include "provisioning/officer_wire_keys.h"

/* Who still encrypts to a key, between officers and provd. */
struct officer_usage_question {
    char purpose[OFFICER_PURPOSE_SIZE];
    uint16_t generation;
};

struct officer_usage {
    struct officer_outcome outcome;
    struct key_usage_report report; /* when the outcome is ERR_OK */
};

void officer_wire_usage_put_question(struct buffer *target,
                                     const struct officer_usage_question *question);
MUST_CHECK enum err officer_wire_usage_get_question(struct bytes payload,
                                                    struct officer_usage_question *question);
void officer_wire_usage_put(struct buffer *target, const struct officer_usage *answer);
MUST_CHECK enum err officer_wire_usage_get(struct bytes payload, struct officer_usage *answer);
