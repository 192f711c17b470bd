#pragma once

#include "hsm/rollover.h"
#include "hsm/wrapping.h"

/* Inside the executor: what its files share. */
#define ROLLOVER_RETRY_MS INT64_C(60000) /* until what failed is tried again */

struct rollover {
    struct rollover_plan plan;
    int64_t run_offset_ms;                        /* from the boot clock to the run clock */
    int64_t began_run_ms;                         /* the run clock when this process began */
    int64_t kept_run_ms;                          /* what was last stored of it */
    int64_t due_run_ms[HSM_PURPOSE_COUNT];        /* when each purpose is looked at again */
    struct keystate_step told[HSM_PURPOSE_COUNT]; /* what was last logged as the next event */
    bool told_full[HSM_PURPOSE_COUNT];            /* warnings that are in the log */
    bool told_orphan[HSM_PURPOSE_COUNT];
    bool told_unready;
    bool begun[HSM_PURPOSE_COUNT]; /* a process of before has left the intent of a key */
    bool will_make;                /* the intent is written: the next turn makes the key */
    struct wrapping wrapping;
    int64_t wrap_due_run_ms; /* when rows are looked for that another KEK has wrapped */
    int64_t ends_run_ms;     /* the token has failed: then the process ends; 0: it has not */
    /* Of the purpose that was looked at last; a key of it is wanted, and is not made as it is full
     * or an orphan. */
    struct keyring_life life;
    bool is_full, is_orphan;
};

/*
 * What is due for the keys of ${purpose} by the stored facts, which are then in ${rollover->life}.
 * What officers must see to is logged, once. ERR_CORRUPT, ERR_FULL.
 */
MUST_CHECK enum err rollover_choose(struct rollover *rollover, enum hsm_purpose purpose,
                                    struct keystate_now now, struct keystate_step *step);

/*
 * Does ${step}, which is due, and logs it. ERR_OK is also for one that failed and may be tried
 * again: ${news} then says WAIT. After any other error nothing is left to rely on, and the process
 * must end.
 */
MUST_CHECK enum err rollover_step(struct rollover *rollover, enum hsm_purpose purpose,
                                  struct keystate_now now, const struct keystate_step *step,
                                  struct rollover_news *news);

/*
 * The token has failed: no key is made any more and the process ends, but not before it has lived
 * for a while, as its successor may fare no better.
 */
void rollover_end_soon(struct rollover *rollover, struct keystate_now now);
