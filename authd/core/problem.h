#pragma once

#include <stdint.h>

#include "hsm/mosip_error.h"
#include "authd/wire/edge_wire.h"

/* The JOSE profile's refusals (docs/protocol.md §8): fixed bytes each, whoever asks about whom. */
enum problem {
    PROBLEM_NONE = 0,
    PROBLEM_MALFORMED,
    PROBLEM_MEDIA_TYPE,
    PROBLEM_NOT_RECOGNISED,
    PROBLEM_NOT_PERMITTED,
    PROBLEM_OUT_OF_TIME,
    PROBLEM_NOT_SEALED_FOR_US,
    PROBLEM_REPLAYED,
    PROBLEM_IN_PROGRESS,
    PROBLEM_KEY_REUSED,
    PROBLEM_TOO_MANY,
    PROBLEM_NOT_AUTHENTICATED,
    PROBLEM_UNAVAILABLE,
    PROBLEM_COUNT
};

const char *problem_text(enum problem problem); /* "not-recognised"; "" for none */

/* The problem that stands for a refusal of the parts that both profiles share, as long as it does
 * not tell of a person. What the table does not know is PROBLEM_NOT_RECOGNISED. */
enum problem problem_of(enum mosip_error error);

/* ${retry_after_ms} is rounded up to seconds; 0: no such header. The body is static memory. */
void problem_answer(enum problem problem, int64_t retry_after_ms, struct edge_answer *answer);
