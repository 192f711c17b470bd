#pragma once

#include "hsm/generate.h"
#include "hsm/keyring_life.h"
#include "hsm/rollover_policy.h"
#include "hsm/usage_hold.h"
#include "hsm/wire_keys.h"

/*
 * The executor of the life of keys, in the loop of signer 0: it looks at each purpose at its own
 * pace and does what hsm/keystate.h says is due, one step a turn. Making a key is two turns (the
 * intent; the token and the commit), every other step one; each is recorded in one transaction
 * which asserts that it is due. So a process that is killed anywhere goes on where it was. A turn
 * may instead wrap one row of an older KEK anew, if there is one (hsm/wrapping.h).
 *
 * Without a policy that says how long a key is active, and unless officers ask for a roll, no
 * standby is made and nothing changes.
 */
struct rollover;

struct rollover_plan {
    struct keyring *keyring; /* its writer's */
    struct token *token;
    const struct rollover_policy *policy;
    const struct generate_plan *generate;
    const struct usage_hold *usage; /* who uses the keys; NULL: nobody is asked */
};

/* What a turn did, for the log and for tests. */
struct rollover_news {
    enum keystate_action action; /* WAIT: nothing was due */
    bool intended;               /* of GENERATE: the intent alone */
    enum hsm_purpose purpose;
    uint16_t generation;
    bool rewrapped;  /* no step was done, and a row was wrapped by the active KEK */
    int64_t wait_ms; /* until the next turn, if nothing happens; 0: at once */
};

/*
 * Stores the promises of the policy and puts token and keyring in order: objects of intents, of
 * keys that are destroyed, and without a name are removed. ERR_HSM, ERR_CORRUPT, ERR_SYSTEM.
 */
MUST_CHECK enum err rollover_open(struct rollover **rollover, const struct rollover_plan *plan);
void rollover_close(struct rollover *rollover);

/* The clocks: the run clock goes on from where it was last stored. */
struct keystate_now rollover_now(const struct rollover *rollover);

/*
 * One step, if one is due, by the clocks ${now}, which are stored now and then, and before the turn
 * that ends the process. When the token fails to make a key, ERR_HSM is to start the process
 * afresh, once it has lived for a while. ERR_HSM, ERR_SYSTEM, ERR_CORRUPT: the process must end.
 */
MUST_CHECK enum err rollover_turn(struct rollover *rollover, struct keystate_now now,
                                  struct rollover_news *news);
/*
 * Stores the clocks, for the end of the process: a successor, however short its life too, has less
 * to wait. A full disk is logged and no error. ERR_CORRUPT, ERR_FULL.
 */
MUST_CHECK enum err rollover_keep_clock(struct rollover *rollover, struct keystate_now now);
/* What comes next for the keys of ${purpose}, for officers; ${next->wraps} is left to the caller.
 * ERR_CORRUPT, ERR_FULL. */
MUST_CHECK enum err rollover_next(struct rollover *rollover, enum hsm_purpose purpose,
                                  struct keystate_now now, struct hsm_key_next *next);
const struct keystate_policy *rollover_policy_of(const struct rollover *rollover,
                                                 enum hsm_purpose purpose);
/* Whether the next turn may make a key, which takes long. */
bool rollover_will_make(const struct rollover *rollover);
/* Something was ordered: every purpose is looked at in the next turn. */
void rollover_wake(struct rollover *rollover);
