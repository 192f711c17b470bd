#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * How many messages may go to one number, to one mail address and out for one programme: a token
 * bucket each, in the memory of this process alone. Names are kept only as keyed hashes (SipHash
 * under a key of this process). The table has a fixed size: when it is full the bucket that has
 * recovered most makes room, which loses nothing as long as one has recovered wholly.
 */
struct ceiling;

enum ceiling_kind {
    CEILING_CODE_TO_ADDRESS = 1,
    CEILING_CODE_OF_PROGRAMME,
    CEILING_EVENT_TO_ADDRESS, /* apart, so that what others try in a person's name uses up no codes
                               */
    CEILING_EVENT_OF_PROGRAMME,
};

struct ceiling_rate {
    int64_t burst;    /* at once, at least 1 */
    int64_t per_hour; /* in the long run, 1 to 3600000 */
};

/* Room for ${count} names, rounded up. ERR_SYSTEM. */
MUST_CHECK enum err ceiling_open(struct ceiling **ceiling, size_t count);
void ceiling_close(struct ceiling *ceiling); /* NULL is allowed */

/* Takes one from the bucket of ${name}; ERR_LIMIT: it is empty. */
MUST_CHECK enum err ceiling_take(struct ceiling *ceiling, enum ceiling_kind kind, const char *name,
                                 const struct ceiling_rate *rate, int64_t now_ms);
