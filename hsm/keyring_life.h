#pragma once

#include "hsm/keyring.h"
#include "hsm/keystate.h"

/*
 * The life of the keys in the keyring: the facts that hsm/keystate.h judges, read together, and its
 * steps, each recorded in one transaction that asserts it by these facts. The writer's alone, but
 * for reading. A policy is the settings of this start; everything else is stored.
 */
#define KEYRING_LIFE_KEYS_MAX 96

struct keyring_life {
    struct keystate_facts facts;                     /* of ${keys} */
    struct keystate_key keys[KEYRING_LIFE_KEYS_MAX]; /* all that are not destroyed, ascending */
};

/* How many keys of ${purpose} may be in use, that is, shown or open, at a time: with so many, none
 * is made. */
size_t keyring_life_in_use_max(enum hsm_purpose purpose);
/* How many of them are. */
struct keyring_life_count {
    size_t in_use;
    bool has_active, has_standby; /* one of them is */
};
struct keyring_life_count keyring_life_count(const struct keystate_facts *facts);

/* Reads the facts of ${purpose}. ERR_FULL: more keys than there is room for. */
MUST_CHECK enum err keyring_life_read(struct keyring *keyring, enum hsm_purpose purpose,
                                      const struct keystate_policy *policy,
                                      struct keyring_life *life);

/* Whether something stored depends on the key of ${generation} (hsm/keyring_need.h). */
bool keyring_life_needs(const struct keyring_life *life, uint16_t generation);

/* Records any step but GENERATE. ERR_DENIED: by the facts of this moment it is not due. */
MUST_CHECK enum err keyring_life_step(struct keyring *keyring, enum hsm_purpose purpose,
                                      const struct keystate_policy *policy, struct keystate_now now,
                                      const struct keystate_step *step);
/*
 * Records GENERATE: turns the intent into ${row}, whose dates are filled in. ERR_NOT_FOUND: no such
 * intent; ERR_DENIED: there is a standby already, or as many keys in use as may be.
 */
MUST_CHECK enum err keyring_life_commit(struct keyring *keyring,
                                        const struct keystate_policy *policy,
                                        struct keystate_now now, struct keyring_row *row);

/* Officers ask for the next key of ${purpose}. Their wish is forgotten when that key is active. */
MUST_CHECK enum err keyring_life_roll(struct keyring *keyring, enum hsm_purpose purpose);
/* What officers say of one key. ERR_NOT_FOUND. */
enum keyring_mark {
    KEYRING_HELD,
    KEYRING_RELEASED,
    KEYRING_RELEASED_IN_USE, /* it may retire though programmes still encrypt to it */
    KEYRING_GRANTED
};
MUST_CHECK enum err keyring_life_mark(struct keyring *keyring, enum hsm_purpose purpose,
                                      uint16_t generation, enum keyring_mark mark);

/*
 * What the box is going to promise: how long copies of what it publishes are good, and for each
 * purpose how long a key is still needed. The longest ever is kept for each; the max-age is that of
 * now, and durable before anybody is told it.
 */
struct keyring_promises {
    int64_t max_age_seconds;
    int64_t lived_ms[HSM_PURPOSE_COUNT];
};
MUST_CHECK enum err keyring_life_promise(struct keyring *keyring,
                                         const struct keyring_promises *promises);
/* The max-age that was promised last; 0: none, so that nothing may be kept. */
MUST_CHECK enum err keyring_life_max_age(struct keyring *keyring, int64_t *seconds);

/* The run clock as it was last stored, and the wall clock as it was seen and confirmed. */
struct keyring_clock {
    int64_t seen_wall_ms, confirmed_wall_ms, run_ms;
};
MUST_CHECK enum err keyring_life_clock(struct keyring *keyring, struct keyring_clock *clock);
/* Stores the clocks. A jump of the wall clock by more than ${jump_ms} that nobody confirmed is not
 * believed. */
MUST_CHECK enum err keyring_life_keep_clock(struct keyring *keyring, int64_t jump_ms,
                                            struct keystate_now now);
/* Officers say that it is at least so late: ms since 1970. */
MUST_CHECK enum err keyring_life_confirm_clock(struct keyring *keyring, int64_t wall_ms);
