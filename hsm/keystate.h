#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The life of the keys of one purpose, as pure functions: stored dates, a policy and two clocks in,
 * the state of each key and the next step out. Nothing is done here; whoever does a step asks
 * keystate_allows once more in the transaction that records it.
 *
 *   GENERATED ─▶ PUBLISHED ─▶ ACTIVE ─▶ RETIRING ─▶ RETIRED ─▶ DESTROYED
 *        └───────────┴──────────┴──────────┴──────────┴─▶ REVOKED ─┘
 *
 * A date is a fact: once stored it stands, and a clock that is set back makes nothing active again.
 *
 * Two clocks, as the wall clock may be wrong. The run clock counts the milliseconds in which the
 * box was up, by the kernel's boot clock, stored now and then, and never going faster than real
 * time. What must have been served for long enough, or must still be served, is judged by the run
 * clock alone: no setting of the wall clock makes a client meet an unknown kid. The wall clock
 * decides what is policy: when a key is old, and when a retired one is destroyed.
 */
#define KEYSTATE_MS_MAX (INT64_C(1) << 50) /* of every time and duration here */

enum keystate {
    KEYSTATE_GENERATED, /* in the token, tried; nobody has seen it */
    KEYSTATE_PUBLISHED, /* the standby: shown to all, used by nobody yet */
    KEYSTATE_ACTIVE,    /* signs; what clients are told to encrypt to */
    KEYSTATE_RETIRING,  /* still shown, as something of it may be on its way; still opens */
    KEYSTATE_RETIRED,   /* not shown, not used */
    KEYSTATE_DESTROYED, /* not in the token */
    KEYSTATE_REVOKED,   /* by officers: not shown, not used, from one moment to the next */
    KEYSTATE_COUNT
};
const char *keystate_text(enum keystate state); /* "published"; "unknown" for anything else */

/* What a key in this state may do. */
enum keystate_use { KEYSTATE_SHOWN = 1, KEYSTATE_SIGNS = 2, KEYSTATE_OPENS = 4 };
unsigned keystate_uses(enum keystate state);

struct keystate_moment {
    bool is_set;
    int64_t wall_ms; /* since 1970 */
    int64_t run_ms;  /* of the run clock */
};

struct keystate_key {
    uint16_t generation;                         /* from 1, never used again */
    struct keystate_moment came[KEYSTATE_COUNT]; /* into each state */
    bool held;     /* officers keep it, or programmes still use it: it may not retire */
    bool needed;   /* something stored depends on it: no retiring, revoking or destroying; derived,
                      and never stored (hsm/keyring_need.h) */
    bool granted;  /* officers agree that it may be destroyed */
    bool released; /* officers let it retire though it is still used (usage_hold.h) */
};

/* ERR_CORRUPT: the dates are no path through the picture above. */
MUST_CHECK enum err keystate_of(const struct keystate_key *key, enum keystate *state);

/*
 * Whether something stored depends on ${key}, when it depends on generations from ${from} on: on
 * those that were ever active. 0: nobody has said, so on all of them.
 */
bool keystate_is_needed(const struct keystate_key *key, uint16_t from);

struct keystate_policy {    /* in ms */
    int64_t active_ms;      /* wall: how long a key is active; 0: until officers ask for the next */
    int64_t destroy_ms;     /* wall: from retired or revoked until it may be destroyed */
    int64_t jump_ms;        /* wall: how far it may have moved on between two looks */
    int64_t propagation_ms; /* run: until every process of the box knows of a change */
    int64_t skew_ms;        /* run: how far clocks of clients may be wrong */
};

/*
 * What the box has ever promised for this purpose: the longest, not today's setting. Stored before
 * the promise is made.
 */
struct keystate_promises {
    int64_t cached_ms; /* max-age of what shows the keys; 0: it was never shown to anybody */
    int64_t lived_ms;  /* lifetime of what a key signed, age of what was encrypted to it */
};

struct keystate_facts {
    struct keystate_policy policy;
    struct keystate_promises promises;
    const struct keystate_key *keys; /* ascending generations */
    size_t key_count;
    int64_t seen_wall_ms;      /* the largest that was ever stored */
    int64_t confirmed_wall_ms; /* officers said that it is at least so late; 0: they did not */
    bool roll;                 /* officers ask for the next key now */
    bool bare;                 /* nobody wants a standby: none is made until somebody does */
    bool unready; /* the standby lacks what officers bring: it takes over from no active key */
    bool orphan;  /* the key that certifies or wraps the next one is not there: none is made */
};

struct keystate_now {
    int64_t wall_ms, run_ms;
};

enum keystate_action {
    KEYSTATE_WAIT,      /* nothing is due; the next event and when, in the step */
    KEYSTATE_ASK_CLOCK, /* the wall clock is further on than the policy lets pass: officers decide
                         */
    KEYSTATE_GENERATE,
    KEYSTATE_PUBLISH,
    KEYSTATE_ACTIVATE, /* and in the same transaction the active one, if any, is retiring */
    KEYSTATE_RETIRE,
    KEYSTATE_DESTROY,
    KEYSTATE_REVOKE, /* never chosen: officers say it */
};
const char *keystate_action_text(enum keystate_action action); /* "publish", for the log */

struct keystate_step {
    enum keystate_action action;
    uint16_t generation; /* of the key; 0 for GENERATE, as the keyring counts */
    /* The action, or what a WAIT or ASK_CLOCK is for: WAIT when only officers can bring something
     * about. */
    enum keystate_action awaited;
    int64_t wait_ms; /* how long until then at least, for the log; 0: now */
};

/*
 * ERR_CORRUPT: a key's dates are no path, two are active or two standbys, generations are not
 * ascending, a number is out of range.
 */
MUST_CHECK enum err keystate_next(const struct keystate_facts *facts, struct keystate_now now,
                                  struct keystate_step *step);

/*
 * The assertion before a step is recorded: it is due by these facts and clocks, whoever chose it
 * and when. ERR_DENIED, ERR_CORRUPT.
 */
MUST_CHECK enum err keystate_allows(const struct keystate_facts *facts, struct keystate_now now,
                                    const struct keystate_step *step);

/*
 * The moment that is stored with a step: the wall clock never goes back in it, and a jump that
 * nobody confirmed is not believed.
 */
struct keystate_moment keystate_moment_of(const struct keystate_facts *facts,
                                          struct keystate_now now);

/*
 * Writes the dates of a step into ${key}, and for ACTIVATE that ${active} (NULL: none is) begins to
 * retire. Both are stored in one transaction. ERR_DENIED: no such step from its state; ERR_CORRUPT.
 */
MUST_CHECK enum err keystate_record(struct keystate_key *key, struct keystate_key *active,
                                    const struct keystate_step *step,
                                    struct keystate_moment moment);
