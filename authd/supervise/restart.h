#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What the end of a process means, and how long to wait before its successor: pure functions of how
 * it ended and how it had lived.
 */
enum restart_verdict {
    RESTART_LATER,   /* it failed: after a delay that grows */
    RESTART_AT_ONCE, /* it asked for it */
    RESTART_NEVER,   /* its settings are wrong */
    RESTART_LOCKED,  /* the token refused the PIN */
};

#define RESTART_FIRST_DELAY_MS 10
#define RESTART_MOST_DELAY_MS  5000
#define RESTART_FORGIVEN_MS    10000 /* who has lived that long starts with a clean sheet */

struct restart_history {
    unsigned failures;
};

/*
 * ${code} and ${status} as in siginfo_t of waitid. RECYCLE and PIN_REFUSED are believed only from a
 * process that can mean it: RECYCLE once it was ready, PIN_REFUSED from a signer. Else they are
 * failures. Of a plug-in every end is: a vendor's code may have chosen the number, and without it
 * the box goes on.
 */
struct restart_end {
    int code, status;
    bool was_ready, is_signer, is_parser, is_plugin;
};
enum restart_verdict restart_judge(const struct restart_end *end);

/*
 * The first failure costs nothing, the next 10 ms, and so on doubling to 5 s. A parser that was
 * ready is another matter: it died of what it was asked, its successor costs next to nothing, and
 * everybody of its lane waits for it. That is 10 ms however often it happens.
 */
int64_t restart_delay_ms(struct restart_history *history, const struct restart_end *end,
                         int64_t lived_ms);
