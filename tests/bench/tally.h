#pragma once

#include "tests/bench/timing.h"
#include "tests/bench/transaction.h"

#define TALLY_VERDICTS 32

/* What came of the calls. */
struct tally {
    struct timing times[CALL_KINDS]; /* measured ones */
    uint64_t answered[CALL_KINDS];   /* measured ones, since the last slice began */
    uint64_t answered_in_all[CALL_KINDS];
    uint64_t completed;   /* people served, within the measured time */
    uint64_t served;      /* and all of them */
    int64_t in_flight_ns; /* of all measured calls together */
    size_t answer_len[CALL_KINDS], signature_len[CALL_KINDS]; /* of the last right one */
    uint64_t judged, examined, wrong;
    size_t verdict_count;
    struct {
        char text[VERDICT_SIZE];
        uint64_t count;
    } verdicts[TALLY_VERDICTS];
};

void tally_free(struct tally *tally);
void tally_begin_slice(struct tally *tally);
/* A call is over, whatever came of it. */
MUST_CHECK enum err tally_call(struct tally *tally, const struct transaction *transaction);
/* Its answer is judged. ${window_end_ns}: what is done later is not within the measured time. */
void tally_verdict(struct tally *tally, const struct transaction *transaction,
                   int64_t window_end_ns);
/* Something that went wrong without an answer. */
void tally_wrong(struct tally *tally, const char *verdict);
/* How often a verdict was given. */
uint64_t tally_count(const struct tally *tally, const char *verdict);
