#pragma once

#include "provisioning/officer_wire.h"

/* One text in both languages. */
struct officer_text_pair {
    const char *english, *french;
};

/* Why provd refused, and what to do: %1 is the detail, %2 which person of the file. */
const struct officer_text_pair *officer_text_refusal_pair(enum officer_reason reason);
