#pragma once

#include <stdint.h>

#include "firmware/base/bytes.h"
#include "provisioning/officer_wire.h"

/* How a part of a command ended; also the exit status. What went wrong has been said by then. */
enum result {
    RESULT_DONE = 0,
    RESULT_REFUSED = 1, /* by the box, or it is unavailable */
    RESULT_USAGE = 2,   /* the command line or a file is wrong: nothing was sent */
};
#define MUST_CHECK_RESULT __attribute__((warn_unused_result))
#define RESULT_TRY(expression)                                                                     \
    do {                                                                                           \
        enum result result_try_ = (expression);                                                    \
        if (result_try_ != RESULT_DONE)                                                            \
            return result_try_;                                                                    \
    } while (0)

/* The connection to provd, made with the first question. */
struct officer_link {
    const char *socket_path;
    int fd; /* -1: not connected yet */
    uint64_t last_id;
};

/*
 * Asks, and gives the payload of the answer as a view of the link's own memory, until the next
 * question. Says what is wrong when there is no answer.
 */
MUST_CHECK_RESULT enum result officer_link_ask(struct officer_link *link, enum officer_verb verb,
                                               struct bytes question, struct bytes *answer);
/*
 * Of an answer that was read with ${err}: whether it is a yes. Says so when it is none, or a
 * refusal, naming ${where} (may be NULL).
 */
MUST_CHECK_RESULT enum result
officer_link_judge(enum err err, const struct officer_outcome *outcome, const char *where);
/*
 * Asks what is answered with an outcome alone; ${question} carries the writer's sticky error. A
 * refusal is said, naming ${where} (may be NULL). ${outcome} may be NULL.
 */
MUST_CHECK_RESULT enum result officer_link_change(struct officer_link *link, enum officer_verb verb,
                                                  const struct buffer *question, const char *where,
                                                  struct officer_outcome *outcome);
void officer_link_close(struct officer_link *link);
