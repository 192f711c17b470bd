#pragma once

#include <stddef.h>

#include "authd/match/finger.h"

/* One impression of a finger, as <DIR>/<database>/<finger>_<impression>.fmr names it. */
struct match_eval_impression {
    char *database, *finger, *number;
    struct finger_template template;         /* of DIR */
    struct finger_template against_template; /* of DIR2, or the same */
    struct finger_prepared prepared;         /* of DIR: the enrolled side */
};

/* All of them, sorted by database, finger and number. */
struct match_eval_set {
    size_t count;
    struct match_eval_impression *impressions;
};

/*
 * Reads every record below ${folder} and its counterpart below ${against} (NULL: itself). A record
 * that cannot be read is named on standard error and counts as one without minutiae. ERR_SYSTEM
 * (the folder cannot be read), ERR_NOT_FOUND (no records).
 */
MUST_CHECK enum err match_eval_set_read(const char *folder, const char *against,
                                        struct match_eval_set *set);
/* Makes ${fingers} synthetic ones, two impressions each. ERR_SYSTEM (no memory). */
MUST_CHECK enum err match_eval_set_make(unsigned fingers, struct match_eval_set *set);
void match_eval_set_free(struct match_eval_set *set);
